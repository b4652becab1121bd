/**
 * Fails a run in which a door answered a problem that it does not declare, or in which nobody provoked one that it declares.
 * The second is asked only when all tests that open a world have run: a part of them proves nothing about the others.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { errorsOf } from '../../functions/_kit/endpoint.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { answered, NEVER } from './answers.ts';

/** Where the tests that call doors lie. */
const CALLERS = /\/test\/(api|security|workers|platforms)\//;

export function answersReporter(): Reporter {
  let vitest: Vitest | undefined;
  let folder = '';
  return {
    onInit(started) {
      vitest = started;
      folder = mkdtempSync(join(tmpdir(), 'posthaste-answers-'));
      vitest.provide('answers', folder);
    },
    async onTestRunEnd(modules) {
      const complaints = await compare(readAnswers(folder), await isWhole(vitest, modules));
      rmSync(folder, { recursive: true, force: true });
      if (complaints.length === 0) return;
      process.exitCode = 1;
      process.stderr.write(`\n${complaints.length} answers are not as declared:\n  ${complaints.join('\n  ')}\n`);
    },
  };
}

async function compare(seen: ReadonlyMap<string, ReadonlySet<string>>, whole: boolean): Promise<string[]> {
  return endpointsOf(await listDoors()).flatMap(({ operation, contract }) => {
    const declared: readonly string[] = errorsOf(contract);
    const given = seen.get(operation) ?? new Set();
    const undeclared = [...given].filter((code) => code !== 'ok' && !declared.includes(code));
    const wanted = ['ok', ...declared].filter((code) => NEVER[operation]?.[code] === undefined);
    const missing = whole ? wanted.filter((code) => !given.has(code)) : [];
    return [
      ...undeclared.map((code) => `${operation} answered ${code}, which it does not declare`),
      ...missing.map((code) => `${operation}: no test provokes ${code}`),
    ];
  });
}

async function isWhole(vitest: Vitest | undefined, modules: readonly TestModule[]): Promise<boolean> {
  if (vitest === undefined || vitest.config.testNamePattern !== undefined) return false;
  if (modules.some((module) => !module.ok())) return false;
  const ran = new Set(modules.map(({ moduleId }) => moduleId));
  const all = (await vitest.globTestSpecifications()).map(({ moduleId }) => moduleId);
  return all.filter((id) => CALLERS.test(id)).every((id) => ran.has(id));
}

function readAnswers(folder: string): Map<string, Set<string>> {
  const seen = new Map<string, Set<string>>();
  for (const name of readdirSync(folder)) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n');
    for (const line of lines.filter((text) => text !== '')) {
      const { operation, code } = answered.parse(JSON.parse(line));
      seen.set(operation, (seen.get(operation) ?? new Set()).add(code));
    }
  }
  return seen;
}
