/** Environment variables that differ from one shell, window or start to the next and mean nothing to a service. */

interface LeftOut {
  readonly why: string;
  readonly names: RegExp;
}

const names = (list: string): RegExp => new RegExp(`^(?:${list.trim().split(/\s+/).join('|')})$`);

/** To leave out another variable: its name, beside the reason that it shares. */
export const LEFT_OUT: readonly LeftOut[] = [
  { why: 'where the shell stands', names: names('PWD OLDPWD INIT_CWD') },
  { why: 'how the shell was started', names: names('SHLVL _ PPID BASHPID HISTFILE BASH_FUNC_.*') },
  { why: 'the port, which is ours to choose', names: names('PORT') },
  {
    why: 'the terminal and its window',
    names:
      names(`TERM TERM_PROGRAM TERM_PROGRAM_VERSION TERM_SESSION_ID TERMINFO COLORTERM COLORFGBG COLUMNS LINES WINDOWID
      WINDOWPATH WT_SESSION WT_PROFILE_ID ITERM_.* KITTY_.* ALACRITTY_.* KONSOLE_.* GNOME_TERMINAL_.* VTE_VERSION TMUX TMUX_PANE
      STY WINDOW LS_COLORS PS1 PS2 PS4 PROMPT PROMPT_COMMAND LESS LESSOPEN LESSCLOSE PAGER MANPAGER GIT_PAGER
      FORCE_COLOR NO_COLOR CLICOLOR CLICOLOR_FORCE`),
  },
  {
    why: 'the login and the desktop',
    names:
      names(`DISPLAY WAYLAND_DISPLAY XAUTHORITY XDG_SESSION_.* XDG_RUNTIME_DIR XDG_VTNR XDG_SEAT XDG_SEAT_PATH SESSION_MANAGER
      DESKTOP_SESSION DBUS_SESSION_BUS_ADDRESS DESKTOP_STARTUP_ID MAIL SUDO_.*`),
  },
  {
    why: 'agents for keys, and the connection one came by',
    names: names(
      'SSH_AUTH_SOCK SSH_AGENT_PID SSH_CLIENT SSH_CONNECTION SSH_TTY SSH_ASKPASS GPG_AGENT_INFO GPG_TTY GIT_ASKPASS',
    ),
  },
  {
    why: 'the editor that the terminal belongs to',
    names: names('EDITOR VISUAL VSCODE_.* TERMINAL_EMULATOR JETBRAINS_.* IDEA_.* NVIM NVIM_.*'),
  },
  {
    why: 'the tool that started the command',
    names:
      names(`npm_.* NODE_CHANNEL_FD NODE_UNIQUE_ID MAKEFLAGS MAKELEVEL MFLAGS MAKE_TERMERR MAKE_TERMOUT INVOCATION_ID
      JOURNAL_STREAM MAINPID SYSTEMD_EXEC_PID MANAGERPID NOTIFY_SOCKET LISTEN_FDS LISTEN_PID VITEST VITEST_.* JEST_WORKER_ID`),
  },
  {
    why: 'the run of a build server',
    names:
      names(`GITHUB_.* RUNNER_.* ACTIONS_.* CI_JOB_.* CI_PIPELINE_.* CI_COMMIT_.* CI_BUILD_.* BUILD_ID BUILD_NUMBER BUILD_TAG
      BUILD_URL BUILDKITE_.* CIRCLE_.* TRAVIS_.* JENKINS_.*`),
  },
  { why: 'which pod or container it is', names: names('HOSTNAME POD_NAME POD_IP POD_UID') },
];

/** Why a variable is left out; null: it is compared. */
export function leftOut(name: string): string | null {
  return LEFT_OUT.find(({ names }) => names.test(name))?.why ?? null;
}
