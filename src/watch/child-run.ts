/** A command that is waited for: started, stopped when its time is up or the caller is, its end given. */
import { type ChildEnd, type ChildOptions, startChild } from './child.ts';

/**
 * @param limitMs after this it is stopped; its end then says `stopped`
 * @throws WhystaleError as `startChild`; the signal's reason
 */
export async function runChild(
  options: ChildOptions,
  limitMs: number,
  signal: AbortSignal,
): Promise<ChildEnd> {
  const child = await startChild(options);
  const stop = () => void child.stop();
  signal.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(stop, limitMs);
  const end = await child.ended;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  return end;
}
