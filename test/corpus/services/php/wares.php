<?php
/**
 * Wares as PHP-serialised rows under shop.ware.N; phpredis with a prefix, PDO with prepares emulated (values in the SQL text).
 * A fill WATCHes the ware's generation. Several processes, as under FPM.
 * BUG: no-prefix, relabel-forgets, in-transaction, never-removes, persists, lost-list.
 */
$bug = getenv('BUG') ?: '';
$readers = (int) (getenv('READERS') ?: 3);
$pace = (float) (getenv('PACE') ?: 1); // all pauses are this much longer: on a busy machine races need more time
$role = $argv[1] ?? 'all';
$stores = parse_url(getenv('REDIS_URL'));
$at = parse_url(getenv('DATABASE_URL'));

$cache = new Redis();
$cache->connect($stores['host'], $stores['port']);
$cache->setOption(Redis::OPT_PREFIX, 'shop.');
$plain = new Redis(); // an old helper without the prefix
$plain->connect($stores['host'], $stores['port']);
$source = new PDO(
    "pgsql:host={$at['host']};port={$at['port']};dbname=" . substr($at['path'], 1),
    $at['user'],
    $at['pass'] ?? '',
    [PDO::ATTR_EMULATE_PREPARES => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC],
);

function run(string $statement, array $values): PDOStatement
{
    global $source;
    $prepared = $source->prepare($statement);
    $prepared->execute($values);
    return $prepared;
}

function pause(int $microseconds): void
{
    global $pace;
    usleep((int) ($pace * $microseconds));
}

function cached(string $key, string $generation, callable $load): void
{
    global $cache, $bug;
    if ($cache->get($key) !== false) {
        return;
    }
    $cache->watch($generation);
    $cache->get($generation);
    $value = serialize($load());
    if ($bug === '') {
        pause(mt_rand(0, 6000));
    }
    $cache->multi()->setex($key, 60, $value)->exec();
}

function ware(int $id): void
{
    cached("ware.$id", "gen.$id", fn () => run('SELECT id, label, price FROM wares WHERE id = ?', [$id])->fetch());
}

/** Two pages of the list; which page a ware is on follows from its number. */
function listing(int $page): void
{
    cached("list.$page", "gen.list", fn () => run('SELECT id, label, price FROM wares WHERE shelf = ? ORDER BY id', [$page])->fetchAll());
}

function forget(int $id): void
{
    global $cache, $plain, $bug;
    if ($bug === 'no-prefix') {
        $plain->del("ware.$id");
        return;
    }
    $both = $cache->multi()->incr("gen.$id")->del("ware.$id")->incr('gen.list');
    if ($bug !== 'lost-list') {
        $both->del('list.' . ($id <= 2 ? 1 : 2));
    }
    $both->exec();
}

function reprice(int $id): void
{
    global $source, $cache, $bug;
    $source->beginTransaction();
    run('UPDATE wares SET price = ? WHERE id = ?', [mt_rand(1000, 90000) / 100, $id]);
    if ($bug === 'in-transaction') {
        forget($id);
        pause(12000);
    }
    $source->commit();
    if (!in_array($bug, ['in-transaction', 'never-removes'], true)) {
        forget($id);
    }
    if ($bug === 'persists') {
        ware($id);
        $cache->persist("ware.$id");
    }
}

function relabel(int $id): void
{
    global $bug;
    run('UPDATE wares SET label = ? WHERE id = ?', ['Renamed ' . mt_rand(1000, 99999), $id]);
    if (!in_array($bug, ['relabel-forgets', 'never-removes'], true)) {
        forget($id);
    }
}

if ($role === 'all') {
    $source->exec('CREATE TABLE wares (id int PRIMARY KEY, label text, price numeric(9, 2), shelf int)');
    foreach ([1, 2, 3, 4] as $id) {
        run('INSERT INTO wares VALUES (?, ?, ?, ?)', [$id, "Ware no $id", 100 + $id + 0.5, $id <= 2 ? 1 : 2]);
    }
    $workers = [];
    foreach ([...array_fill(0, $readers, 'reader'), 'writer', 'writer'] as $seed => $kind) {
        $workers[] = proc_open(['php', basename(__FILE__), $kind, (string) $seed], [1 => STDERR, 2 => STDERR], $pipes);
    }
    exit(max(array_map('proc_close', $workers)));
}
mt_srand((int) $argv[2] + 5);
for ($turn = 0; $turn < ($role === 'reader' ? (int) (getenv('TURNS') ?: 22) : 5); $turn++) {
    $id = mt_rand(1, 4);
    if ($role === 'reader') {
        mt_rand(0, 2) < 2 ? ware($id) : listing($id <= 2 ? 1 : 2);
        pause(mt_rand(0, 12000));
        continue;
    }
    pause(mt_rand(10000, 30000));
    reprice($id);
    if ($bug !== 'in-transaction') {
        pause(mt_rand(10000, 20000));
        relabel(mt_rand(1, 4));
    }
}
