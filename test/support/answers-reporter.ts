/**
 * Fails a run in which a door answered a problem or a header field that it does not declare, or without one that it promises,
 * or in which nobody provoked a problem, or saw a field of its success, that it declares. The last is asked only when all
 * tests that open a world have run: a part of them proves nothing about the others.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import type { z } from 'zod';
import { errorsOf } from '../../functions/_kit/endpoint.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { answered, NEVER } from './answers.ts';
import { declaredFields, strayFields } from './header-fields.ts';

const DOCUMENT = new URL('../../functions/system/openapi.json', import.meta.url);
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

type Answered = z.output<typeof answered>;

async function compare(seen: readonly Answered[], whole: boolean): Promise<string[]> {
  const fields = declaredFields(JSON.parse(await readFile(DOCUMENT, 'utf8')));
  const stray = seen.flatMap((answer) => strayFields(fields, answer));
  return [...new Set(stray), ...(await compareCodes(seen, whole))];
}

async function compareCodes(seen: readonly Answered[], whole: boolean): Promise<string[]> {
  const answers = Map.groupBy(seen, ({ operation }) => operation);
  return endpointsOf(await listDoors()).flatMap(({ operation, contract }) => {
    const declared: readonly string[] = errorsOf(contract);
    const here = answers.get(operation) ?? [];
    const given = new Set(here.map(({ code }) => code));
    const undeclared = [...given].filter((code) => code !== 'ok' && !declared.includes(code));
    const wanted = ['ok', ...declared].filter((code) => NEVER[operation]?.[code] === undefined);
    const missing = whole ? wanted.filter((code) => !given.has(code)) : [];
    const isSent = (name: string) => here.some(({ code, fields }) => code === 'ok' && fields.includes(name));
    const unsent = whole ? (contract.fields ?? []).filter((name) => !isSent(name)) : [];
    return [
      ...undeclared.map((code) => `${operation} answered ${code}, which it does not declare`),
      ...missing.map((code) => `${operation}: no test provokes ${code}`),
      ...unsent.map((name) => `${operation}: no test sees ${name}, which it declares`),
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

function readAnswers(folder: string): Answered[] {
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines.filter((text) => text !== '').map((line) => answered.parse(JSON.parse(line)));
}
