/**
 * Records of the model that say nothing: what counts where a state is silent.
 */
import {
  type AutoRecovery, type Bsp, type Container, type Limits, type Network, NOT_SET, type State, type Volume,
} from "./model.ts";

export function noVolume(): Volume {
  return { kind: "image", handler: "", name: "", fstype: "" };
}

export function noRecovery(): AutoRecovery {
  return {
    policy: "no", maxRetries: 0, retryDelay: 0, backoffFactor: 1, resetWindow: 0, stableTimeout: 0, backoff: "reboot", backoffSeconds: 0,
  };
}

export function noLimits(): Limits {
  return {
    memoryHigh: NOT_SET, memoryMax: NOT_SET, memorySwap: NOT_SET, cpuWeight: NOT_SET, cpuQuota: NOT_SET, cpuPeriod: NOT_SET,
    pidsMax: NOT_SET, ioWeight: NOT_SET, io: [],
  };
}

export function noNetwork(): Network {
  return { mode: "none", pool: "", hostname: "", ip: "", mac: "" };
}

export function noBsp(): Bsp {
  return { present: false, linux: "", initrd: "", fdt: "", fit: "", rpiab: "", addons: [], firmware: noVolume(), modules: [] };
}

/** A container that only has a name; group, goal and policy are still to be given. */
export function bareContainer(name: string): Container {
  return {
    name, type: "", config: "", rootVolume: noVolume(), volumes: [], storage: [],
    group: -1, statusGoal: "STARTED", restartPolicy: "container", mgmt: true, autoRecovery: noRecovery(),
    driversRequired: [], driversOptional: [], driversManual: [],
    network: noNetwork(), services: [], serviceExports: [], busOwners: [], exports: [],
    logs: [], devLog: "default", automodfw: true, remount: [], mdevRules: [], hasConfigOverlay: false,
    limits: noLimits(), notify: false, health: [], dependencies: [], security: "",
  };
}

export function emptyState(bytes: Uint8Array): State {
  return {
    spec: "", bytes, containers: [], groups: [], disks: [], bsp: noBsp(), bspVolumes: [], drivers: [], pools: [], remount: [],
    verity: [], artifacts: [], signatures: [], security: "",
  };
}
