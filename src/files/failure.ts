/** Why a file could not be used, without its path, which the sentence around it names. */

const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'it is a file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
};

/** What a system call's error means; its code or message when it is an unusual one. */
export function fileFailure(cause: unknown, doing: 'reading' | 'writing'): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  if (code === 'ENOENT') return doing === 'reading' ? 'it does not exist' : 'its folder does not exist';
  return REASONS[code] ?? (code || cause.message);
}
