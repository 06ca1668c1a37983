/// <reference path="./sys.d.ts" />
/**
 * Keys of the kernel's keyrings. Source: add_key(2), keyrings(7).
 */
import { checked } from "./error.ts";

const THREAD_KEYRING = -1;

/** A key of type "user" that this thread, and what the kernel does for it, finds by its description; it ends with the process. */
export function addSignatureKey(description: string, payload: Uint8Array): void {
  checked(sys_add_key("user", description, payload, THREAD_KEYRING), "add_key", description);
}
