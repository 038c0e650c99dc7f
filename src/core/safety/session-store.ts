/**
 * Which keys are sessions of a web framework, told by their names: `sess:…` (express-session), `session:…` (Flask-Session),
 * `spring:session:sessions:…`, `PHPREDIS_SESSION:…`, `django.contrib.sessions.cache…`, `user_sessions:…`.
 */

const SESSION = /(?:^|[:/|.#_\s-])(?:web|http|user|rack|flask|laravel|php)?sess(?:ion)?s?(?:$|[:/|.#_\s-])/i;

/** Whether the key is one of a session store. */
export function isSessionStore(key: string): boolean {
  return SESSION.test(key);
}
