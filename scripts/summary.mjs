/**
 * Adds up what scripts/test.sh left in a folder: `NAME.step` (passed or failed), `PROJECT.json` (vitest's report) and
 * `PROJECT.exit`. Prints what failed or was skipped, and last `N passed, N failed` alone on a line. Exit code 1 when
 * anything failed, when an end-to-end test was skipped, or when no test ran.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const count = { passed: 0, failed: 0, skipped: 0 };
const complaints = [];

for (const file of readdirSync(folder).sort()) {
  const name = file.replace(/\.\w+$/, '');
  if (file.endsWith('.step')) addStep(name, readFileSync(join(folder, file), 'utf8').trim());
  if (file.endsWith('.exit')) addProject(name, Number(readFileSync(join(folder, file), 'utf8')));
}

function addStep(name, outcome) {
  count[outcome] += 1;
  if (outcome === 'failed') complaints.push(`failed   ${name}`);
}

function addProject(project, exitCode) {
  const path = join(folder, `${project}.json`);
  if (!existsSync(path)) {
    count.failed += 1;
    complaints.push(`failed   ${project} tests gave no report (exit code ${exitCode})`);
    return;
  }
  const before = count.failed;
  const report = JSON.parse(readFileSync(path, 'utf8'));
  for (const file of report.testResults) addFile(project, file);
  if (report.numTotalTests === 0) fail(`${project}: no test ran`);
  // Errors outside tests (an unhandled rejection, a file that cannot be loaded) fail the run without a failed test.
  else if (exitCode !== 0 && count.failed === before) fail(`${project}: exit code ${exitCode}`);
}

function addFile(project, file) {
  for (const test of file.assertionResults) {
    const title = `${project}: ${test.fullName}`;
    if (test.status === 'passed') count.passed += 1;
    else if (test.status === 'failed') fail(title);
    else if (project === 'e2e') fail(`${title} (was skipped: an end-to-end test must run${reason(test)})`);
    else {
      count.skipped += 1;
      complaints.push(`skipped  ${title}${reason(test)}`);
    }
  }
  if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')) {
    fail(`${project}: ${file.name}: ${(file.message ?? '').split('\n')[0]}`);
  }
}

function reason(test) {
  const note = test.meta?.note ?? test.failureMessages?.[0];
  return note ? `: ${note}` : '';
}

function fail(what) {
  count.failed += 1;
  complaints.push(`failed   ${what}`);
}

if (complaints.length > 0) console.log(`\n${complaints.join('\n')}`);
console.log(`\n${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}`);
process.exit(count.failed > 0 ? 1 : 0);
