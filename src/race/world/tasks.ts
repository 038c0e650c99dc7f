/**
 * The tasks (threads) of an instance as the Linux kernel tells of them: which sleep, and how often each has been given a
 * processor. From two looks follows that at one moment in between *all* of them slept, with none woken and waiting for its
 * turn:
 *
 * 1. {@link TaskTree.stamp} reads of every task its run counter, then its state; all must be asleep.
 * 2. Some time passes.
 * 3. {@link TaskTree.confirm} reads of every task its state, then its run counter; all must be asleep, with the counter of 1.
 *
 * A task that ran in between was given a processor and counted; one that was woken and has not run yet is no longer asleep
 * in 3. So from the last read of 1 to the first of 3 nobody ran, and only the outside could have woken anybody. A task whose
 * counter has not changed since it was last seen asleep needs no look at its state in 1.
 *
 * Files stay open, because reading one costs 2 to 3 µs and opening it five times that. New tasks are looked for only after
 * the newest process id of the system has changed.
 *
 * @see proc_pid_stat(5) field 3; Documentation/scheduler/sched-stats.rst, /proc/PID/schedstat: time spent running (ns), time
 * spent waiting to run (ns), number of times run
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { entries, processesAt } from './processes.ts';

/** Longest line of `stat`: 52 numbers and a name. */
const LINE_BYTES = 2_048;
const line = Buffer.alloc(LINE_BYTES);

const SPACE = 0x20;
const CLOSING = 0x29;
const ASLEEP = new Set([...'SIPZX'].map((letter) => letter.charCodeAt(0)));
/** Ended processes of others that may be remembered before they are forgotten together. */
const FORGOTTEN = 64;
/** Not asleep yet: a state in which no task has been seen. */
const NEVER = -1;

/** What one task has used so far. */
export interface TaskUse {
  readonly tid: number;
  readonly name: string;
  /** Time on a processor or waiting for one, ns. A wait is counted once it is over. */
  readonly wantedNs: number;
}

class Task {
  readonly tid: number;
  readonly #folder: string;
  readonly #stat: number;
  readonly #sched: number;
  /** Run counter with which it was last seen asleep. */
  #asleepAt = NEVER;

  /** Throws when there is no such task any more. */
  constructor(folder: string, tid: number) {
    this.tid = tid;
    this.#folder = folder;
    this.#stat = openSync(`${folder}/stat`, 'r');
    try {
      this.#sched = openSync(`${folder}/schedstat`, 'r');
    } catch (error) {
      closeSync(this.#stat);
      throw error;
    }
  }

  stamp(): boolean {
    const runs = this.#runs();
    if (runs === this.#asleepAt) return true;
    if (!ASLEEP.has(this.#state())) return false;
    this.#asleepAt = runs;
    return true;
  }

  confirm(): boolean {
    return ASLEEP.has(this.#state()) && this.#runs() === this.#asleepAt;
  }

  isAsleep(): boolean {
    return ASLEEP.has(this.#state());
  }

  use(): TaskUse {
    const [ran = 0, waited = 0] = line.toString('latin1', 0, this.#read(this.#sched)).split(' ').map(Number);
    return { tid: this.tid, name: this.#name(), wantedNs: ran + waited };
  }

  close(): void {
    closeSync(this.#stat);
    closeSync(this.#sched);
  }

  #name(): string {
    try {
      return readFileSync(`${this.#folder}/comm`, 'latin1').trim();
    } catch {
      return '?';
    }
  }

  /** The letter after the name, which may itself contain anything. */
  #state(): number {
    const end = this.#read(this.#stat);
    return line[line.lastIndexOf(CLOSING, end - 1) + 2] ?? 0;
  }

  #runs(): number {
    const end = this.#read(this.#sched);
    let runs = 0;
    for (let at = line.lastIndexOf(SPACE, end - 1) + 1; at < end; at++) {
      const digit = (line[at] ?? 0) - 48;
      if (digit < 0 || digit > 9) break;
      runs = runs * 10 + digit;
    }
    return runs;
  }

  /** Throws ESRCH when the task has ended. */
  #read(file: number): number {
    return readSync(file, line, 0, LINE_BYTES, 0);
  }
}

/** All tasks of a process group and of what its members started, wherever those moved. */
export class TaskTree {
  readonly #group: number;
  readonly #processes = new Set<number>();
  /** Process ids that were looked at and are no business of ours. */
  #others = new Set<string>();
  #tasks: Task[] = [];
  #newest = '';

  constructor(group: number) {
    this.#group = group;
  }

  /** Looks for new tasks unless `newest` is what it was. True: there are some. */
  refresh(newest: string): boolean {
    if (newest === this.#newest) return false;
    this.#newest = newest;
    this.#findProcesses(processesAt(newest));
    const known = new Set(this.#tasks.map(({ tid }) => tid));
    const before = known.size;
    for (const pid of this.#processes) {
      for (const name of entries(`/proc/${pid}/task`)) {
        const tid = Number(name);
        if (known.has(tid)) continue;
        const task = openTask(`/proc/${pid}/task/${name}`, tid);
        if (task === null) continue;
        known.add(tid);
        this.#tasks.push(task);
      }
    }
    return known.size > before;
  }

  /** First look: all asleep? Stops at the first that is not, which is looked at first the next time. */
  stamp(): boolean {
    return this.#every((task) => task.stamp(), true);
  }

  /** Second look: still asleep, and not run since? A task that has ended has run. */
  confirm(): boolean {
    return this.#every((task) => task.confirm(), false);
  }

  /** A look that proves nothing by itself: were all met asleep, one after the other? */
  seemsAsleep(): boolean {
    return this.#every((task) => task.isAsleep(), true);
  }

  uses(): readonly TaskUse[] {
    const uses: TaskUse[] = [];
    this.#every((task) => uses.push(task.use()) > 0, true);
    return uses;
  }

  /** Processes of the tree. */
  pids(): Iterable<number> {
    return this.#processes;
  }

  close(): void {
    for (const task of this.#tasks) task.close();
    this.#tasks = [];
    this.#processes.clear();
  }

  #every(look: (task: Task) => boolean, mayEnd: boolean): boolean {
    let at = 0;
    while (at < this.#tasks.length) {
      const task = this.#tasks[at]!;
      const seen = ended(task, look);
      if (seen === null) {
        this.#tasks.splice(at, 1);
        task.close();
        if (!mayEnd) return false;
      } else if (seen) at++;
      else {
        this.#tasks.splice(at, 1);
        this.#tasks.unshift(task);
        return false;
      }
    }
    return true;
  }

  /** Processes that came since the last time, by group or by parent; a parent may have a higher number than its child. */
  #findProcesses(present: ReadonlySet<string>): void {
    for (const pid of this.#processes) if (!present.has(String(pid))) this.#processes.delete(pid);
    if (this.#others.size > present.size + FORGOTTEN)
      this.#others = new Set([...this.#others].filter((name) => present.has(name)));
    let unknown: string[] = [];
    for (const name of present) {
      if (!this.#others.has(name) && !this.#processes.has(Number(name))) unknown.push(name);
    }
    for (let before = Number.POSITIVE_INFINITY; unknown.length < before; ) {
      before = unknown.length;
      unknown = unknown.filter((name) => {
        const found = this.#belongs(name);
        if (found) this.#processes.add(Number(name));
        return !found;
      });
    }
    for (const name of unknown) this.#others.add(name);
  }

  #belongs(name: string): boolean {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(group) === this.#group || this.#processes.has(Number(parent));
    } catch {
      return false;
    }
  }
}

/** Null: the task has ended. */
function ended(task: Task, look: (task: Task) => boolean): boolean | null {
  try {
    return look(task);
  } catch {
    return null;
  }
}

function openTask(folder: string, tid: number): Task | null {
  try {
    return new Task(folder, tid);
  } catch {
    return null;
  }
}
