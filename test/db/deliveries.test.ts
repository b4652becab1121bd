/** A delivery to a webhook goes from state to state as the table of states says, and no other way. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, addRow, addTenant } from './seed.ts';

let open: OpenDatabase;
let projectId: string;
let webhookId: string;

beforeAll(async () => {
  open = await openDatabase();
  const owner = await addPerson(open.sql, 'owner');
  ({ projectId } = await addTenant(open.sql, owner.userId));
  const webhook = { url: 'https://example.com/', events: ['*'], secret_sealed: 'x' };
  webhookId = await addRow(open.sql, 'webhooks', { project_id: projectId, ...webhook });
});
afterAll(() => open.close());

const states = ['waiting', 'sending', 'delivered', 'failed'] as const;
const allowed: Readonly<Record<(typeof states)[number], readonly string[]>> = {
  waiting: ['sending', 'failed'],
  sending: ['waiting', 'delivered', 'failed'],
  delivered: [],
  failed: ['waiting'],
};

async function addDelivery(state: string): Promise<string> {
  return addRow(open.sql, 'webhook_deliveries', {
    ...{ project_id: projectId, webhook_id: webhookId, event_id: randomUUID(), event_kind: 'post.published' },
    ...{ payload: {}, state, attempts: 1, lease_until: new Date(), delivered_at: new Date() },
  });
}

it.each(states.flatMap((from) => states.filter((to) => to !== from).map((to) => [from, to] as const)))(
  '%s to %s',
  async (from, to) => {
    const id = await addDelivery(from);
    const change = open.sql(
      `update webhook_deliveries set state = $2, next_attempt_at = app.now(), lease_until = app.now() where id = $1
       returning attempts, lease_until is not null as leased, next_attempt_at is not null as due`,
      [id, to],
    );
    if (!allowed[from].includes(to)) await expect(change).rejects.toMatchObject({ code: 'PH009' });
    else {
      const over = to === 'delivered' || to === 'failed';
      expect(await change).toEqual([{ attempts: to === 'sending' ? 2 : 1, leased: to === 'sending', due: !over }]);
    }
  },
);

it('a lease may be made longer without a change of state', async () => {
  const id = await addDelivery('sending');
  await open.sql('update webhook_deliveries set lease_until = app.now() where id = $1', [id]);
});
