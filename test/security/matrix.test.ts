/** Every door × everybody who may knock, against one declared table (test/security/matrix). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import type { Answer } from '../support/call.ts';
import { type Sample, samplesOf, sendSample } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';
import { callers, type Ground, openGround } from './matrix/callers.ts';
import { classes, type Outcome, outcomeOf } from './matrix/classes.ts';
import { rows } from './matrix/rows.ts';

const routes = endpointsOf(await listDoors()).filter(({ contract }) => contract.method !== '$default');
const listShape = z.object({ data: z.array(z.unknown()) });

let world: World;
let ground: Ground;
let samples: Readonly<Record<string, Sample>>;
let cells = 0;
let requests = 0;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  ground = await openGround(world);
  samples = samplesOf(ground.seed);
});
afterAll(async () => {
  await ground.snapshot.close();
  await world.close();
});

test('every door has a row that says who may, and every row a door', () => {
  expect(Object.keys(rows).toSorted()).toEqual(routes.map(({ operation }) => operation).toSorted());
});

describe.each(routes)('$operation', ({ operation, contract }) => {
  test.each(callers)('%s', async (caller) => {
    const row = rows[operation];
    const sample = samples[operation];
    if (row === undefined || sample === undefined) throw new Error(`${operation} has no row`);
    cells += 1;
    const { snapshot } = ground;
    const expected = row.but?.[caller] ?? outcomeOf(contract, { ...classes[row.is], ...row.but }, caller);
    const forms = sample.bodies?.length ?? 1;
    for (let form = 0; form < forms; form += 1) {
      const asked = (await row.ask?.({ ...ground, caller, expected, sample })) ?? sample;
      const body = asked.bodies?.[form];
      if (body === undefined && form > 0) break;
      await snapshot.written();
      const one = body === undefined ? asked : { ...asked, bodies: [body] };
      const answer = await sendSample(world, contract, one, { token: ground.tokenOf(caller, contract) });
      requests += 1;
      const written = await snapshot.written();
      await snapshot.restore();
      expect(seen(answer, contract), answer.text.slice(0, 600)).toEqual(expected);
      const mayWrite = expected === 'ok' && (contract.method !== 'GET' || row.writes === true);
      if (!mayWrite) expect(written, 'tables written').toEqual([]);
    }
  });
});

/** The answer in the words of the table. */
function seen(answer: Answer, contract: EndpointContract): Outcome {
  if (answer.status !== contract.status) return [answer.status, answer.code ?? ''];
  return isList(contract) && answer.json(listShape).data.length === 0 ? 'empty' : 'ok';
}

function isList({ response }: EndpointContract): boolean {
  return response instanceof z.ZodObject && response.shape.data instanceof z.ZodArray;
}

test('no door fell over on the way, and the rows are as they were', async () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(await ground.snapshot.differing()).toEqual([]);
  process.stdout.write(
    `matrix: ${routes.length} doors × ${callers.length} callers = ${cells} cells, ${requests} requests\n`,
  );
});
