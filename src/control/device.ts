/**
 * The device: commands, configuration, what was built.
 * Rules: control spec §5.5, §5.8, §7.
 */
import { formatConfig2Json, formatConfigJson } from "../config/view.ts";
import { rootOf } from "../json/value.ts";
import { scan, SMALL } from "../json/scanner.ts";
import { readTextOr } from "../sys/files.ts";
import { Backend } from "./backend.ts";
import { Endpoint, type Call } from "./endpoint.ts";
import { json, refusal, type Response } from "./response.ts";

/** POST /commands: both keys are required; the payload may be an object. */
export class Command extends Endpoint {
  answer(backend: Backend, call: Call): Response | null {
    const parsed = scan(call.request.body, SMALL);
    if (!parsed.ok) return refusal(400, "Command has bad format");
    const root = rootOf(parsed.document);
    const payload = root.get("payload");
    const op = root.getString("op", "");
    if (op === "" || payload === null) return refusal(400, "Command has bad format");
    return backend.command(op, payload.isString() ? payload.string("") : payload.raw());
  }
}

export class BuildInfo extends Endpoint {
  answer(_backend: Backend, _call: Call): Response | null {
    return { status: 200, type: "text/plain", headers: [], body: readTextOr("/etc/build", "", 65536) };
  }
}

/** GET /config (values by older name) and /config2 (every key with its level); secrets are masked in both. */
export class ShowConfig extends Endpoint {
  private readonly levels: boolean;

  constructor(levels: boolean) {
    super();
    this.levels = levels;
  }

  answer(backend: Backend, _call: Call): Response | null {
    return json(this.levels ? formatConfig2Json(backend.config(), false) : formatConfigJson(backend.config()));
  }
}

/** POST /v2/reexec: for a binary that was replaced. */
export class Reexec extends Endpoint {
  answer(backend: Backend, _call: Call): Response | null {
    return backend.reexec();
  }
}

/** GET /v2/device: where the device stands, in one object. */
export class ShowDevice extends Endpoint {
  answer(backend: Backend, _call: Call): Response | null {
    const s = backend.supervisor();
    const status = s === null ? "NONE" : s.deviceStatus();
    const goals = s === null ? "unachieved" : s.goals();
    return json(`{"revision":"${backend.revision()}","status":"${status}","goals":"${goals}"}`);
  }
}
