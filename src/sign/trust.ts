/**
 * What a device trusts, and which part of it may vouch for a signature.
 * Decides only; apply.ts reads the files.
 * Rules: state format, "Key and trust".
 */
import { matchesPattern, parsePattern, Work } from "./pattern.ts";

/** One PEM file of the trust folder: `name` for messages; `text` empty and `why` set when it can't be used. */
export type TrustFile = { name: string; text: Uint8Array; why: string };

/** What signatures can be checked against. `oemName` is PV_OEM_NAME, "" when there is none. */
export type Trust = {
  store: TrustFile;
  oemStore: TrustFile;
  publicKey: TrustFile;
  oemName: string;
};

/** May only the default store vouch for a signature that includes these keys? Those of the bsp and of the OEM's own folder are beyond its OEM's reach. */
export function needsDefaultStore(includedKeys: string[], oemName: string): boolean {
  const guarded = [parsePattern("bsp/**"), parsePattern(`${oemName}/**`)];
  return includedKeys.some((key) => guarded.some((p) => matchesPattern(p, key, new Work())));
}

/** The store for a signature: the OEM's, and only that, if the leaf bears the OEM's name and nothing guarded is included. */
export function chooseStore(trust: Trust, commonName: string, includedKeys: string[]): TrustFile {
  const oem = trust.oemName !== "" && commonName === trust.oemName && !needsDefaultStore(includedKeys, trust.oemName);
  return oem ? trust.oemStore : trust.store;
}
