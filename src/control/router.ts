/**
 * The routing table and the order of checks every request passes.
 * Rules: control spec §2 (caller), §3 (routing), §4 (errors).
 */
import { Backend } from "./backend.ts";
import { callerOf, HOST } from "./caller.ts";
import { ActOnContainer, ContainerLog, ListContainers, ListGroups, ShowContainer, Signal } from "./containers.ts";
import { BuildInfo, Command, Reexec, ShowConfig, ShowDevice } from "./device.ts";
import { matchPattern, type Route } from "./endpoint.ts";
import { refusal, type Response } from "./response.ts";
import type { Request } from "./request.ts";
import { Handler, type Caller, type Handled } from "./server.ts";

const METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"];

/** open: also for containers without the mgmt role. */
export const ROUTES: Route[] = [
  { method: "GET", pattern: "/containers", open: false, endpoint: new ListContainers(false) },
  { method: "PUT", pattern: "/containers/{}", open: false, endpoint: new ActOnContainer(false) },
  { method: "GET", pattern: "/groups", open: false, endpoint: new ListGroups() },
  { method: "POST", pattern: "/signal", open: true, endpoint: new Signal() },
  { method: "POST", pattern: "/commands", open: false, endpoint: new Command() },
  { method: "GET", pattern: "/buildinfo", open: false, endpoint: new BuildInfo() },
  { method: "GET", pattern: "/config", open: false, endpoint: new ShowConfig(false) },
  { method: "GET", pattern: "/config2", open: false, endpoint: new ShowConfig(true) },
  { method: "GET", pattern: "/v2/containers", open: false, endpoint: new ListContainers(true) },
  { method: "GET", pattern: "/v2/containers/{}", open: false, endpoint: new ShowContainer() },
  { method: "PUT", pattern: "/v2/containers/{}", open: false, endpoint: new ActOnContainer(true) },
  { method: "GET", pattern: "/v2/containers/{}/log", open: false, endpoint: new ContainerLog() },
  { method: "GET", pattern: "/v2/device", open: false, endpoint: new ShowDevice() },
  { method: "POST", pattern: "/v2/reexec", open: false, endpoint: new Reexec() },
];

function answerWith(response: Response): Handled {
  return { kind: "answer", response };
}

export class Router extends Handler {
  private readonly backend: Backend;

  constructor(backend: Backend) {
    super();
    this.backend = backend;
  }

  handle(request: Request, caller: Caller, fd: number): Handled {
    if (!METHODS.includes(request.method)) return answerWith(refusal(501, "Unsupported protocol"));
    const onPath = ROUTES.filter((r) => matchPattern(r.pattern, request.path) !== null);
    if (onPath.length === 0) return answerWith(refusal(400, `unknown endpoint: ${request.target}`));
    const name = callerOf(caller.pid);
    const s = this.backend.supervisor();
    if (s === null && name !== HOST) return answerWith(refusal(500, "State not loaded yet"));
    const unit = s === null || name === HOST ? null : s.find(name);
    if (name !== HOST && unit === null) return answerWith(refusal(500, "Internal error, unknown caller"));
    const route = onPath.find((r) => r.method === request.method);
    if (route === undefined) return answerWith(refusal(400, "Method not supported for this endpoint"));
    const privileged = unit === null || unit.container.mgmt;
    if (!privileged && !route.open) return answerWith(refusal(403, "Request not sent from mgmt platform"));
    const parts = matchPattern(route.pattern, request.path)!;
    const response = route.endpoint.answer(this.backend, { request, parts, caller: name, unit, privileged, fd });
    return response === null ? { kind: "taken" } : answerWith(response);
  }
}
