/** Checklists to begin with: what is run before a change is shipped, and what a person judges. */

export const CHECKLIST_KINDS = ['redis', 'python', 'node'] as const;
export type ChecklistKind = (typeof CHECKLIST_KINDS)[number];

export interface DraftStep {
  readonly step: string;
  /** Null: a judgement. */
  readonly command: string | null;
}

const judgement = (step: string): DraftStep => ({ step, command: null });

const VERIFY_CONFIG: DraftStep = {
  step: 'verify the configuration of staging',
  command: 'whystale rehearse "$WHYSTALE_CASE" --config-only',
};

const JUDGEMENTS: readonly DraftStep[] = [
  judgement('check permissions: who may read and write what the change touches'),
  judgement('add a retry-safe path: the same request twice does no harm'),
  judgement('record the expected response'),
  judgement('review the failure mode: what is served when the cache is empty, slow or gone'),
];

/** A port that nothing else is likely to have. */
const HEALTH = 'http://127.0.0.1:8765/healthz';

const COMMANDS: Readonly<Record<ChecklistKind, readonly DraftStep[]>> = {
  redis: [
    { step: 'run linting', command: 'make lint' },
    { step: 'run unit tests', command: 'make test' },
    { step: 'run one integration check', command: 'make integration' },
    VERIFY_CONFIG,
  ],
  python: [
    { step: 'run linting', command: 'ruff check .' },
    { step: 'run unit tests', command: 'python -m pytest -q' },
    {
      step: 'run one integration check: uvicorn answers its health check',
      command: `uvicorn app:app --port 8765 & trap "kill $!" EXIT; curl -fsS --retry 20 --retry-delay 1 --retry-connrefused ${HEALTH}`,
    },
    VERIFY_CONFIG,
  ],
  node: [
    { step: 'run linting', command: 'npm run lint' },
    { step: 'run unit tests', command: 'npm test' },
    { step: 'run one integration check', command: 'npm run test:integration' },
    VERIFY_CONFIG,
  ],
};

export function defaultChecklist(kind: ChecklistKind): readonly DraftStep[] {
  return [...COMMANDS[kind], ...JUDGEMENTS];
}
