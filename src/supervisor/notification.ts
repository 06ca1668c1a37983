/**
 * What a container says on its notify socket, out of one datagram: lines
 * NAME=VALUE. Text in, values out. Source: sd_notify(3).
 */
export type Notification = {
  ready: boolean;
  /** A heartbeat, or the wish to be treated as if none came. */
  alive: boolean;
  hung: boolean;
  stopping: boolean;
  /** null when it says nothing of it. */
  status: string | null;
};

const MAX_STATUS = 256;

export function parseNotification(text: string): Notification {
  const n: Notification = { ready: false, alive: false, hung: false, stopping: false, status: null };
  for (const line of text.split("\n")) {
    if (line === "READY=1") n.ready = true;
    else if (line === "WATCHDOG=1") n.alive = true;
    else if (line === "WATCHDOG=trigger") n.hung = true;
    else if (line === "STOPPING=1") n.stopping = true;
    else if (line.startsWith("STATUS=")) n.status = line.slice(7, 7 + MAX_STATUS);
  }
  return n;
}
