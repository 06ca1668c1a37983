/**
 * What containers offer each other and ask of each other.
 * Rules: state format spec, "xconnect shapes"; xconnect spec, "Manifests",
 * "Hosted system bus". Whether each requirement is met: crosscheck.ts.
 */
import type { Fields, Reader } from "./fields.ts";
import type { BusOwner, Requirement, ServiceExport, ServiceType } from "./model.ts";

const TYPES: ServiceType[] = ["unix", "rest", "dbus", "drm", "wayland", "input"];

function typeOf(f: Fields): ServiceType {
  const text = f.text("type");
  for (const known of TYPES) if (known === text) return known;
  if (text !== "") f.reader.check.warn(f.placeOf("type"), `"${text}" is none of ${TYPES.join(", ")}; no link will be made`);
  return "unknown";
}

/** `services` of run.json: required ones first, each list in its order. */
export function readRequirements(run: Fields): Requirement[] {
  const found: Requirement[] = [];
  const services = run.inner("services", "services");
  for (const key of ["required", "optional"]) {
    const places = services.elements(key);
    for (let i = 0; i < places.length; i++) {
      const r = run.reader;
      if (!r.isObject(places[i]!)) {
        r.check.refuse(places[i]!, `must be an object with a name, is ${r.kindWords(places[i]!)}`);
        continue;
      }
      const f = r.fields("requirement", places[i]!);
      const type = typeOf(f);
      found.push({
        required: key === "required", name: f.text("name"), type, role: f.text("role"),
        interface: f.has("interface") ? f.text("interface") : type === "unknown" ? f.text("type") : type, target: f.text("target"),
      });
      if (f.text("target") === "") r.check.warn(places[i]!, "has no target: no link will be made");
    }
  }
  return found;
}

/** What one services.json offers. */
export type Offered = { exports: ServiceExport[]; owners: BusOwner[] };

/** `services.json`: an object with `services`, or the older bare array. */
export function readExports(reader: Reader, at: number): Offered {
  const offered: Offered = { exports: [], owners: [] };
  const bare = reader.isArray(at);
  if (!bare && !reader.isObject(at)) {
    reader.check.refuse(at, `must be an object or an array, is ${reader.kindWords(at)}`);
    return offered;
  }
  const document = reader.fields("exports", bare ? -1 : at);
  const places = bare ? reader.elements(at) : document.elements("services");
  for (let i = 0; i < places.length; i++) {
    if (!reader.isObject(places[i]!)) {
      reader.check.refuse(places[i]!, `must be an object, is ${reader.kindWords(places[i]!)}`);
      continue;
    }
    const f = reader.fields("export", places[i]!);
    const owns = f.text("owns");
    if (owns !== "") {
      offered.owners.push({ bus: f.text("bus"), owns, role: f.has("role") ? f.text("role") : owns, allow: f.texts("allow") });
    } else if (f.text("name") === "") {
      reader.check.refuse(places[i]!, "has neither a name nor a bus name that it owns");
    } else {
      offered.exports.push({ name: f.text("name"), type: typeOf(f), socket: f.text("socket") });
    }
  }
  return offered;
}
