import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Payload } from '../../../src/core/operation.ts';
import { createDigester } from '../../../src/observe/payload/index.ts';
import { isCardNumber } from '../../../src/observe/payload/secret-forms.ts';

const digester = createDigester(Uint8Array.from({ length: 16 }, (_, i) => i * 7));
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const JWT = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: '4711', exp: 1700000000 })}.Rb3H0mJkq9wT1xZl2cVn8sYp4uEo6aGd5fKj7iLhMtQ`;
const BCRYPT = '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW';
const OPAQUE = 'q8Xk2Lm9Rt4Vb7Nc1Zy6Wd3Ph5Sg0J';
const HEX = 'c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2';
const base64 = (length: number) => 'Zx81LkQ0vTn5Rb3Hm9Yw2Ec7Uf4Jd6Gs'.repeat(8).slice(0, length);
const PEM = `-----BEGIN RSA PRIVATE KEY-----\n${base64(64)}\n${base64(64)}\n-----END RSA PRIVATE KEY-----`;

function found(value: unknown, key = 'cache:1'): readonly string[] {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const { secrets = [] } = digester.inspect(Buffer.from(text), key);
  return secrets.map(({ kind, place, certain }) => `${kind} ${place} ${certain ? 'certain' : 'named'}`);
}

/** Texts whose form tells. */
const FORMS: readonly (readonly [string, string])[] = [
  ['jwt', JWT],
  ['password-hash', BCRYPT],
  ['password-hash', BCRYPT.replace('$2b$', '$2y$')],
  ['password-hash', `bcrypt_sha256$${BCRYPT}`],
  ['password-hash', `$argon2id$v=19$m=65536,t=3,p=4$${base64(22)}$${base64(43)}`],
  ['password-hash', `argon2$argon2id$v=19$m=102400,t=2,p=8$${base64(22)}$${base64(43)}`],
  ['password-hash', `pbkdf2_sha256$600000$${base64(22)}$${base64(43)}=`],
  ['password-hash', `pbkdf2:sha256:600000$${base64(16)}$${HEX}`],
  ['password-hash', `$pbkdf2-sha256$29000$${base64(22)}$${base64(43)}`],
  ['password-hash', `scrypt:32768:8:1$${base64(16)}$${HEX}${HEX}`],
  ['password-hash', `$scrypt$ln=16,r=8,p=1$${base64(22)}$${base64(43)}`],
  ['password-hash', `$6$${base64(16)}$${base64(86)}`],
  ['password-hash', `$6$rounds=656000$${base64(16)}$${base64(86)}`],
  ['password-hash', `$5$${base64(16)}$${base64(43)}`],
  ['password-hash', `$1$${base64(8)}$${base64(22)}`],
  ['password-hash', `$y$j9T$${base64(22)}$${base64(43)}`],
  ['password-hash', `$P$B${base64(30)}`],
  ['password-hash', `{SSHA}${base64(38)}==`],
  ['password-hash', `SCRAM-SHA-256$4096:${base64(24)}$${base64(44)}:${base64(44)}`],
  ['private-key', PEM],
  ['private-key', PEM.replaceAll('RSA ', '')],
  ['private-key', PEM.replaceAll('RSA', 'OPENSSH')],
  ['api-key', 'AKIAIOSFODNN7EXAMPLE'],
  ['api-key', `ASIA${'Q7RZ2MNB4KX9LPTW'}`],
  ['api-key', `ghp_${base64(36)}`],
  ['api-key', `gho_${base64(36)}`],
  ['api-key', `github_pat_${base64(22)}_${base64(59)}`],
  ['api-key', `glpat-${base64(20)}`],
  ['api-key', 'xoxb-123456789012-1234567890123-Zx81LkQ0vTn5Rb3Hm9Yw2Ec7'],
  ['api-key', `sk_live_${base64(24)}`],
  ['api-key', `rk_live_${base64(24)}`],
  ['api-key', `AIza${base64(35)}`],
  ['api-key', `npm_${base64(36)}`],
  ['api-key', `SG.${base64(22)}.${base64(43)}`],
];

/** Fields whose name tells, and what stands in them. */
const NAMED: readonly (readonly [string, unknown, string])[] = [
  ['password at its place', { user: { password: 'hunter2!' } }, 'password user.password named'],
  ['camel case', { userPassword: 'Tr0ub4dor&3' }, 'password userPassword named'],
  ['digest of a password', { passwd: '5f4dcc3b5aa765d61d8327deb882cf99' }, 'password-hash passwd named'],
  ['hash field', { password_hash: HEX }, 'password-hash password_hash named'],
  ['hash below', { password: { hash: HEX } }, 'password-hash password.hash named'],
  ['access token', { access_token: OPAQUE }, 'bearer-token access_token named'],
  ['refresh token', { refreshToken: OPAQUE }, 'bearer-token refreshToken named'],
  ['bare token', { token: `${OPAQUE}` }, 'bearer-token token named'],
  ['client secret', { client_secret: OPAQUE }, 'secret client_secret named'],
  ['api key', { 'api-key': OPAQUE }, 'api-key api-key named'],
  ['header', { headers: { Authorization: `Bearer ${OPAQUE}` } }, 'bearer-token headers.Authorization named'],
  ['cookie', { 'set-cookie': `sessionid=${OPAQUE}; Path=/` }, 'session-secret set-cookie named'],
  ['session id', { session_id: OPAQUE }, 'session-secret session_id named'],
  ['card', { card_number: '4242424242424242' }, 'card-number card_number certain'],
  ['card as a number', { card: { number: 5555555555554444 } }, 'card-number card.number certain'],
  ['American Express', { pan: '3782 822463 10005' }, 'card-number pan certain'],
  ['grouped card in a text', { note: 'paid with 4111 1111 1111 1111 today' }, 'card-number note named'],
];

/** What services cache all day and night. */
const INNOCENT: readonly unknown[] = [
  { id: '3b241101-e2bb-4255-8caf-4136c566a962', etag: 'W/"9e107d9d372bb6826bd81d3542a419d6"' },
  {
    sha256: HEX,
    md5: '9e107d9d372bb6826bd81d3542a419d6',
    commit: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  },
  { csrf_token: OPAQUE, csrfToken: OPAQUE, _csrf: OPAQUE, csrf: { token: OPAQUE } },
  {
    next_page_token: OPAQUE,
    page_token: OPAQUE,
    cursor: OPAQUE,
    continuation_token: OPAQUE,
    sync_token: OPAQUE,
  },
  { password: null, secret: '', token: false, access_token: 0 },
  { password: '********', api_key: 'sk_live_****************', token: '[FILTERED]', secret: '<redacted>' },
  { password: 'Password', forgot_password: 'Forgot your password?', new_password: 'Neues Passwort' },
  { password_changed_at: '2024-05-01T10:11:12Z', password_policy: 'min-8-characters', password_length: 12 },
  { name: 'password', type: 'password', label: 'Password', placeholder: 'Enter your password' },
  {
    secret: 'vault:kv/data/shop#client_secret',
    api_key: `$${'{API_KEY}'}`,
    token: 'https://example.org/token/abc123',
  },
  { token: '3b241101-e2bb-4255-8caf-4136c566a962', session_id: '3b241101-e2bb-4255-8caf-4136c566a962' },
  { tokens: 1234567890123456, token_count: 812, max_tokens: 4096, token_type: 'bearer' },
  {
    public_key: base64(64),
    publishable_key: `pk_live_${base64(24)}`,
    ssh: `ssh-rsa AAAAB3NzaC1yc2E${base64(64)}`,
  },
  { created_at: 1714558272123, updated: 1714558272123456, ns: '1714558272123456789' },
  {
    id: 4242424242424242,
    order_number: '5555555555554444',
    tracking: '4111111111111111',
    imei: '490154203237518',
  },
  { iban: 'DE89 3704 0044 0532 0130 00', iban2: 'GB29 NWBK 6016 1331 9268 19', phone: '+49 1511 2345 6789' },
  { iban: 'DE12 5500 0517 0648 4898 90', isbn: '978-3-16-148410-0', card: 'Visa •••• 4242', last4: '4242' },
  { card_number: '4242424242424241', card_id: 'card_1NKhz72eZvKYlo2C', card_type: 'visa' },
  { card_number: '**** **** **** 4242', expiry: '12/27', cc: 'ann@example.org' },
  { uuid: '12345678-1234-1234-1234-123456789012', gps: '52.520008, 13.404954', version: '1.24.0-beta.3' },
  {
    price: '$12.99',
    range: '$10 - $20',
    template: `$${'{name}'} costs $${'{price}'}`,
    regex: '^\\$[a-z]{3}\\$$',
  },
  { text: 'The task-runner uses risk-based scores; network_id, mark_read and disk-usage are shown.' },
  { text: 'Send "Authorization: Bearer YOUR_ACCESS_TOKEN_HERE" with every request. Bearer of good news.' },
  { text: '-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----' },
  { text: 'write -----BEGIN PRIVATE KEY----- above it', cert: `-----BEGIN CERTIFICATE-----\n${base64(64)}` },
  { text: 'eyJust.a.text', other: 'eyJ0ZXN0.abc', almost: `${part(['no header'])}.${part({ a: 1 })}.xyz` },
  { image: `data:image/png;base64,${base64(200)}`, hash: HEX, signature: base64(86), nonce: OPAQUE },
  {
    device_token: OPAQUE,
    push_token: OPAQUE,
    idempotency_token: OPAQUE,
    cache_key: OPAQUE,
    sort_key: OPAQUE,
  },
  { user: { id: 'auth0|5f7c8ec7c33c6c004bbafe82', slug: 'how-to-store-a-secret-token-2024' } },
  { translations: { token: 'A1b2C3d4E5f6G7h8I9j0K1' }, errors: { password: 'must-contain-1-digit' } },
];

describe('secrets in values', () => {
  it.each(FORMS)('%s: %s', (kind, text) => {
    expect(found({ a: { b: [1, text] } })).toEqual([`${kind} a.b.* certain`]);
    expect(found(`text before ${text} and after`)).toEqual([`${kind}  certain`]);
  });

  it.each(NAMED)('%s', (_, value, expected) => {
    expect(found(value)).toEqual([expected]);
  });

  it.each(INNOCENT.map((value) => [JSON.stringify(value), value] as const))('nothing in %s', (_, value) => {
    expect(found(value)).toEqual([]);
  });

  it('tells what a scalar is by the name of its key', () => {
    expect(found(OPAQUE, 'user:7:refresh_token')).toEqual(['bearer-token  named']);
    expect(found(OPAQUE, 'refresh_token:7')).toEqual(['bearer-token  named']);
    expect(found(HEX, 'token:7')).toEqual(['bearer-token  named']);
    for (const key of ['item:7', 'lock:refresh_token:7', 'csrf:token', 'etag:7'])
      expect(found(OPAQUE, key)).toEqual([]);
  });

  it('names places without ids, and never by a secret', () => {
    expect(found({ users: { 17: { password_hash: BCRYPT }, 18: { password_hash: BCRYPT } } })).toEqual([
      'password-hash users.*.password_hash certain',
    ]);
    const { secrets, leaves } = digester.inspect(
      Buffer.from(JSON.stringify({ sessions: { [JWT]: { user: 7 } } })),
    );
    expect(secrets).toEqual([{ kind: 'jwt', place: 'sessions.*', certain: true }]);
    expect(JSON.stringify(leaves)).not.toContain(JWT.slice(8));
  });

  it('finds them in what is packed, and in Redis hashes', () => {
    const inner = Buffer.from(JSON.stringify({ doc: JSON.stringify({ token: JWT }) })).toString('base64');
    expect(found({ body: inner })).toEqual(['jwt body.doc.token certain']);
    const { secrets } = digester.inspectFields(new Map([['password', Buffer.from('hunter2!')]]));
    expect(secrets).toEqual([{ kind: 'password', place: 'password', certain: false }]);
  });

  it('does not show what it found', () => {
    for (const text of [BCRYPT, 'hunter2!']) {
      const digest = digester.scalar(text);
      found({ password: text });
      expect(digester.reveal(digest)).toBeUndefined();
    }
    const whole = JSON.stringify({ password: 'hunter2!' });
    found({ profile: { password: 'hunter2!' }, text: whole });
    expect(digester.reveal(digester.scalar(whole))).toBeUndefined();
    expect(digester.reveal(digester.scalar('Lamp'))).toBe('Lamp');
  });

  it('leaves no words of them behind', () => {
    const shown = ({ words = [] }: Payload) => words.map((word) => digester.reveal(word) ?? '').join(' ');
    const row = digester.inspect(Buffer.from(JSON.stringify({ id: 7, password_hash: BCRYPT, pin: 'x-7' })));
    expect(
      BCRYPT.split(/[^A-Za-z0-9]+/).filter((word) => word.length > 3 && shown(row).includes(word)),
    ).toEqual([]);
    const page = digester.inspect(Buffer.from(`<p>Lamp of Ada</p><p>${JWT}</p>`));
    expect(shown(page)).toContain('Lamp of Ada');
    expect(JWT.split('.').filter((piece) => shown(page).includes(piece))).toEqual([]);
  });

  it('is bounded, and quick with texts made to be slow', () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`f${i}x`, { password: `hunter${i}!` }]),
    );
    expect(found(many)).toHaveLength(16);
    const slow = [
      'eyJ'.repeat(20_000),
      '$2b$'.repeat(15_000),
      'sk-'.repeat(20_000),
      '4111 '.repeat(12_000),
      'a-'.repeat(30_000),
    ];
    for (const text of slow) {
      const begin = performance.now();
      found({ token: text, password: text, text });
      expect(performance.now() - begin).toBeLessThan(3_000);
    }
  });

  it('takes any document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const text of found({ password: value, token: value, card: value })) expect(text).toMatch(/ /);
      }),
    );
  });

  it('finds hardly anything in random numbers and ids', () => {
    const scalar = fc.oneof(
      fc.bigInt({ min: 10n ** 12n, max: 10n ** 19n }).map(String),
      fc.uuid(),
      fc.stringMatching(/^[0-9a-f]{32,64}$/),
      fc.stringMatching(/^[A-Za-z0-9]{20,40}$/),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    const names = fc.constantFrom(
      'id',
      'ref',
      'number',
      'value',
      'hash',
      'key',
      'etag',
      'order_no',
      'user_id',
    );
    fc.assert(
      fc.property(names, scalar, (name, value) => {
        expect(found({ [name]: value })).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('card numbers', () => {
  it.each([
    ['4111111111111111', true],
    ['4222222222222', true],
    ['5555555555554444', true],
    ['2223003122003222', true],
    ['378282246310005', true],
    ['6011111111111117', true],
    ['30569309025904', true],
    ['3566002020360505', true],
    ['4111111111111112', false],
    ['1234567812345670', false],
    ['0000000000000000', false],
    ['411111111111111', false],
  ])('%s: %s', (digits, expected) => {
    expect(isCardNumber(digits)).toBe(expected);
  });
});

describe('secrets in names', () => {
  const told = (name: string) => digester.secretsOf?.(digester.key(name)) ?? [];

  it.each([
    [`permissions:${JWT}`, { kind: 'jwt', place: 'permissions', certain: true }],
    [`ratelimit:sk_live_${base64(24)}:60`, { kind: 'api-key', place: 'ratelimit', certain: true }],
    [`api_key:${OPAQUE}:limits`, { kind: 'api-key', place: 'api_key', certain: false }],
    [`access_token:${OPAQUE}`, { kind: 'bearer-token', place: 'access_token', certain: false }],
    ['fraud:card:4242424242424242', { kind: 'card-number', place: 'card', certain: true }],
  ])('%s', (name, secret) => {
    expect(told(name)).toEqual([secret]);
    const last = name.split(':').find((segment) => segment.length > 15) ?? '';
    expect(digester.key(name)).not.toContain(last);
  });

  it.each([
    `session:${OPAQUE}`,
    `sess:${OPAQUE}`,
    `cart:${OPAQUE}`,
    `user:${base64(28)}`,
    `token:${HEX}`,
    `customer:pk_live_${base64(24)}`,
    'order:4242424242424242',
    'card:17',
  ])('%s is not told of', (name) => {
    expect(told(name)).toEqual([]);
  });
});
