/** What `whystale doctor --json` says of two stores, by the names of its checks. */
import type { Check, DoctorReport } from '../../../src/doctor/index.ts';
import type { Whystale } from '../cli.ts';

export interface Examination {
  readonly exitCode: number | null;
  readonly text: string;
  /** A check as `state: evidence`; undefined when there is none of that name. */
  readonly said: (id: string) => string | undefined;
  readonly check: (id: string) => Check | undefined;
}

export async function examined(whystale: Whystale, stores: readonly string[]): Promise<Examination> {
  const end = await whystale.run(['doctor', '--json', ...stores]);
  const { checks } = JSON.parse(end.stdout) as DoctorReport;
  const check = (id: string) => checks.find((one) => one.id === id);
  const said = (id: string) => {
    const one = check(id);
    return one === undefined ? undefined : `${one.state}: ${one.evidence}`;
  };
  return { exitCode: end.exitCode, text: `${end.stdout}${end.stderr}`, said, check };
}
