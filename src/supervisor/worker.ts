/**
 * Short-lived children for what may wait on storage: mounting, unmounting,
 * hashing, reading files for clients. The job runs in a copy of this process,
 * in the same namespaces; its text comes back on a pipe when it ends. A job
 * that throws answers with the error's message.
 */
import { concatBytes } from "../sys/bytes.ts";
import { EPOLLIN, SIGKILL } from "../sys/constants.ts";
import { EAGAIN, errnoName } from "../sys/errno.ts";
import { reason, SysError } from "../sys/error.ts";
import { closeFd, tryRead, tryWrite } from "../sys/files.ts";
import { type Loop, resetSignals, Watch } from "../sys/loop.ts";
import { cloneProcess, exitNow, PR_SET_PDEATHSIG, reap, trySetProcessName, trySignalPidfd, tryPrctl, type Cloned } from "../sys/processes.ts";
import { makePipe } from "../sys/sockets.ts";
import { fromUtf8, toUtf8 } from "../sys/text.ts";

/** What runs in the worker; the text is the answer. */
export abstract class Job {
  abstract run(): string;
}

/** Who gets the answer: `ok` false means `text` says why it failed. */
export abstract class Answer {
  abstract answered(ok: boolean, text: string): void;
}

const ANSWER_BYTES = 65536;

class Pending extends Watch {
  private readonly loop: Loop;
  private readonly fd: number;
  private readonly child: Cloned;
  private readonly answer: Answer;
  private readonly parts: Uint8Array[] = [];
  private size = 0;

  constructor(loop: Loop, fd: number, child: Cloned, answer: Answer) {
    super();
    this.loop = loop;
    this.fd = fd;
    this.child = child;
    this.answer = answer;
  }

  ready(_events: number): void {
    const b = new Uint8Array(4096);
    const n = tryRead(this.fd, b, 0, b.length);
    if (n === -EAGAIN) return;
    if (n > 0) {
      if (this.size < ANSWER_BYTES) this.parts.push(b.slice(0, n));
      this.size = this.size + n;
      return;
    }
    this.loop.remove(this.fd);
    closeFd(this.fd);
    const how = endOf(this.child);
    const text = fromUtf8(concatBytes(this.parts));
    if (n < 0) this.answer.answered(false, new SysError("read", "the worker's answer", -n).message);
    else if (text.startsWith("+")) this.answer.answered(true, text.slice(1));
    else this.answer.answered(false, text.startsWith("-") ? text.slice(1) : `the worker ended without an answer${how}`);
  }
}

/** How a worker ended that could not answer, "" when that is not known. */
function endOf(child: Cloned): string {
  const e = reap(child); // its pipe is closed a moment before it can be: that moment is waited for
  return e === null ? "" : e.exited ? ` (${errnoName(e.status)})` : ` (signal ${e.status})`;
}

/** Runs the job in a child; the answer comes later, from the loop. Throws when no child can be made. */
export function startWorker(loop: Loop, job: Job, answer: Answer): void {
  const pipe = makePipe(0);
  const child = cloneProcess(0);
  if (child.pid === 0) {
    closeFd(pipe[0]!);
    exitNow(runJob(job, pipe[1]!));
  }
  closeFd(pipe[1]!);
  try {
    loop.add(pipe[0]!, EPOLLIN, new Pending(loop, pipe[0]!, child, answer));
  } catch (e) {
    trySignalPidfd(child.pidfd, SIGKILL); // it would go on with what the caller thinks is not done
    reap(child);
    closeFd(pipe[0]!);
    throw e;
  }
}

/** Exit status: the errno that kept it from answering, else 0. */
function runJob(job: Job, fd: number): number {
  let text = "";
  try {
    tryPrctl(PR_SET_PDEATHSIG, SIGKILL); // what it does would be done again by the next manager, at the same time
    resetSignals();
    trySetProcessName("wherry-worker");
    text = `+${job.run()}`;
  } catch (e) {
    text = `-${reason(e)}`;
  }
  const b = toUtf8(text);
  let at = 0;
  while (at < b.length) {
    const n = tryWrite(fd, b, at, b.length - at);
    if (n < 0) return -n;
    at += n;
  }
  return 0;
}
