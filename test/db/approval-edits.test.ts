/** Approval: what an edit does to a decision, what a request may become, and people without an account. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openActors, outcomeOf } from './acting.ts';
import { type ApprovalWorld, openApprovals } from './approval-world.ts';
import type { Row } from './database.ts';
import { addAccount, addMedia, addMember, addPerson, addRow } from './seed.ts';

let world: ApprovalWorld;
beforeAll(async () => {
  world = await openApprovals();
});
beforeEach(() => world.newProject());
afterAll(() => world.open.close());

describe('an edit', () => {
  const edits: readonly (readonly [string, (postId: string) => Promise<unknown>])[] = [
    ['the text', (postId) => world.edit(postId, 'Other')],
    [
      'the text of one account',
      (postId) =>
        world.act('editor', "update post_publications set text = 'Other' where post_id = $1::uuid returning 1 as one", [
          postId,
        ]),
    ],
    [
      'the options of one account',
      (postId) =>
        world.act(
          'editor',
          'update post_publications set options = \'{"a": 1}\' where post_id = $1::uuid returning 1 as one',
          [postId],
        ),
    ],
    [
      'the media',
      async (postId) =>
        world.act(
          'editor',
          'insert into post_media (project_id, post_id, media_id, position) values ($1::uuid, $2::uuid, $3::uuid, 0) returning 1 as one',
          [world.projectId(), postId, await addMedia(world.open.sql, world.projectId())],
        ),
    ],
    [
      'the accounts',
      async (postId) =>
        world.act(
          'editor',
          "insert into post_publications (project_id, post_id, account_id, platform) values ($1::uuid, $2::uuid, $3::uuid, 'community') returning 1 as one",
          [world.projectId(), postId, await addAccount(world.open.sql, world.projectId())],
        ),
    ],
  ];

  it.each(edits)('of %s after approval asks again, and what was to go out waits', async (_name, change) => {
    const postId = await world.addDraft('scheduled');
    const requestId = await world.ask(postId, await world.addFlow());
    await world.say('anna', requestId, 'approve');
    await change(postId);
    expect(await world.stateOf(requestId)).toBe('superseded');
    const again = await world.pendingOf(postId);
    expect(again).toMatchObject({ requested_by: world.person('editor').userId });
    expect(new Set(await world.statesOf(postId))).toEqual(new Set(['pending_approval']));
    expect(await world.say('ben', String(again?.id), 'approve')).toBe('done');
    expect(new Set(await world.statesOf(postId)).has('scheduled')).toBe(true);
  });

  it.each(edits)('of %s while it is asked starts the count anew', async (_name, change) => {
    const postId = await world.addDraft('scheduled');
    const requestId = await world.ask(postId, await world.addFlow({ min_approvals: 2 }));
    await world.say('anna', requestId, 'approve');
    await change(postId);
    expect(await world.say('ben', requestId, 'approve')).toBe('PH004');
    const again = String((await world.pendingOf(postId))?.id);
    await world.say('ben', again, 'approve');
    expect(await world.stateOf(again)).toBe('pending');
    await world.say('anna', again, 'approve');
    expect(await world.stateOf(again)).toBe('approved');
  });

  it('of the time, or of nothing, needs no new approval', async () => {
    const postId = await world.addDraft('scheduled');
    const requestId = await world.ask(postId, await world.addFlow());
    await world.say('anna', requestId, 'approve');
    await world.edit(postId, 'Hello');
    await world.act(
      'editor',
      "update posts set due_at = '2036-01-01T00:00:00Z' where id = $1::uuid returning 1 as one",
      [postId],
    );
    expect(await world.stateOf(requestId)).toBe('approved');
    expect(await world.statesOf(postId)).toEqual(['scheduled']);
  });

  it('of an approved draft asks nobody until somebody does', async () => {
    const postId = await world.addDraft('draft');
    await world.open.sql('update post_publications set due_at = null where post_id = $1', [postId]);
    const requestId = await world.ask(postId, await world.addFlow());
    await world.say('anna', requestId, 'approve');
    await world.edit(postId, 'Other');
    expect(await world.stateOf(requestId)).toBe('superseded');
    expect(await world.pendingOf(postId)).toBeUndefined();
  });

  it('and an approval at once never let unseen words go out', async () => {
    for (let round = 0; round < 10; round += 1) {
      const postId = await world.addDraft('draft');
      const requestId = await world.ask(postId, await world.addFlow());
      const others = await openActors(world.open);
      const approve = outcomeOf(
        others.as(world.person('anna'))(
          "insert into approval_decisions (project_id, request_id, decision) values ($1::uuid, $2::uuid, 'approve') returning id",
          [world.projectId(), requestId],
        ),
      );
      const [edited, approved] = await Promise.all([world.edit(postId, 'Unseen'), approve]);
      expect(edited).toBe('done');
      expect(['done', 'PH004']).toContain(approved);
      expect(await world.statesOf(postId)).toEqual(['pending_approval']);
      expect(await world.stateOf(requestId)).toBe('superseded');
    }
  });

  it('waits for nobody who is just saying something of the request', async () => {
    const postId = await world.addDraft('draft');
    const requestId = await world.ask(postId, await world.addFlow());
    const speaker = await world.open.database.connect();
    await speaker.query('begin');
    await speaker.query(
      "insert into approval_decisions (project_id, request_id, decision, text) values ($1, $2, 'comment', 'Hm')",
      [world.projectId(), requestId],
    );
    await world.open.sql("select set_config('lock_timeout', '2s', false)");
    await world.open.sql("update posts set text = 'Other words' where id = $1", [postId]);
    await speaker.query('commit');
    await speaker.end();
    expect(await world.stateOf(requestId)).toBe('superseded');
  });
});

describe('a request', () => {
  const states = ['pending', 'approved', 'rejected', 'withdrawn', 'superseded'];
  const byOwner: Readonly<Record<string, readonly string[]>> = {
    pending: ['approved', 'rejected', 'withdrawn', 'superseded'],
    approved: ['superseded'],
  };

  it.each(states.flatMap((from) => states.filter((to) => to !== from).map((to) => ({ from, to }))))(
    '$from → $to',
    async ({ from, to }) => {
      const postId = await world.addDraft();
      const row = {
        project_id: world.projectId(),
        workflow_id: await world.addFlow(),
        post_id: postId,
        content_hash: 'x',
        state: from,
      };
      const id = await addRow(world.open.sql, 'approval_requests', row);
      const byPerson = world.act(
        'owner',
        'update approval_requests set state = $2 where id = $1::uuid returning 1 as one',
        [id, to],
      );
      expect(await outcomeOf(byPerson), 'by a person').toBe(
        from === 'pending' && to === 'withdrawn' ? 'done' : 'PH004',
      );
      if (from === 'pending' && to === 'withdrawn') return;
      const done = await outcomeOf(world.open.sql('update approval_requests set state = $2 where id = $1', [id, to]));
      expect(done, 'by decisions and edits').toBe(byOwner[from]?.includes(to) === true ? 'done' : 'PH004');
    },
  );

  it('keeps what was said of it, but for the name of who is gone', async () => {
    const guest = await addPerson(world.open.sql, 'guest');
    await addMember(world.open.sql, world.projectId(), guest.userId, 'reviewer');
    const postId = await world.addDraft('draft');
    const requestId = await world.ask(postId, await world.addFlow());
    const text =
      "insert into approval_decisions (project_id, request_id, decision, text) values ($1::uuid, $2::uuid, 'comment', 'Nice') returning id";
    const [said] = await world.actors.as(guest)(text, [world.projectId(), requestId]);
    expect(
      await outcomeOf(world.open.sql("update approval_decisions set text = 'Bad' where id = $1", [said?.id])),
    ).toBe('PH008');
    expect(await outcomeOf(world.open.sql('delete from approval_decisions where id = $1', [said?.id]))).toBe('PH008');
    await world.open.sql('delete from users where id = $1', [guest.userId]);
    expect(await world.open.sql('select user_id, text from approval_decisions where id = $1', [said?.id])).toEqual([
      { user_id: null, text: 'Nice' },
    ]);
    await world.open.sql('delete from posts where id = $1', [postId]);
    expect(await world.open.sql('select 1 from approval_decisions where id = $1', [said?.id])).toEqual([]);
  });
});

describe('a review link', () => {
  const link = (postId: string, more: Row = {}) =>
    addRow(
      world.open.sql,
      'review_links',
      {
        project_id: world.projectId(),
        post_id: postId,
        token_hash: randomUUID(),
        created_by: world.person('owner').userId,
        ...more,
      },
      'token_hash',
    );
  async function publicly(text: string, values: readonly (string | null)[]): Promise<Row[]> {
    const client = await world.open.login('api');
    const call = { kind: 'public', ip: null, route: 'GET /' };
    const { rows } = await client.query<{ part: string }>(
      'select part from app.run($1::jsonb, $2, $3::text[]) as part',
      [JSON.stringify(call), text, values],
    );
    return rows.map(({ part }) => JSON.parse(part));
  }
  const decide = async (hash: string, decision: string, text: string | null = null) =>
    (await publicly('select outcome from app.review_by_link($1, $2, $3)', [hash, decision, text]))[0]?.outcome;

  it('shows its post, and nothing once it is revoked or expired, or the post deleted', async () => {
    const postId = await world.addDraft('draft');
    await world.ask(postId, await world.addFlow());
    const hash = await link(postId);
    const seen = () => publicly('select review from app.review($1)', [hash]);
    expect(await seen()).toMatchObject([
      { review: { postId, text: 'Hello', requestState: 'pending', publications: [{ text: 'Hello' }] } },
    ]);
    const expired = await link(postId);
    await world.open.sql("update review_links set expires_at = app.now() - interval '1 second' where token_hash = $1", [
      expired,
    ]);
    expect(await publicly('select review from app.review($1)', [expired])).toEqual([]);
    await world.open.sql('update review_links set revoked_at = app.now() where token_hash = $1', [hash]);
    expect(await seen()).toEqual([]);
    expect(await decide(hash, 'comment', 'x')).toBe('not_found');
    expect(await publicly('select review from app.review($1)', ['guess'])).toEqual([]);
  });

  it('lets do what its scope says', async () => {
    const postId = await world.addDraft('draft');
    const requestId = await world.ask(postId, await world.addFlow());
    const [view, comment, deciding] = [
      await link(postId, { scope: 'view' }),
      await link(postId),
      await link(postId, { scope: 'decide' }),
    ];
    expect(await decide(view, 'comment', 'x')).toBe('forbidden');
    expect(await decide(comment, 'approve')).toBe('forbidden');
    expect(await decide(comment, 'comment', 'Lovely')).toBe('ok');
    expect(await world.stateOf(requestId)).toBe('pending');
    expect(await decide(deciding, 'approve')).toBe('ok');
    expect(await world.stateOf(requestId)).toBe('approved');
    expect(await world.statesOf(postId)).toEqual(['scheduled']);
    expect(await decide(deciding, 'reject')).toBe('wrong_state');
  });

  it('is one voice, and none where all or the ordered ones must agree', async () => {
    const twoOf = await world.addDraft('draft');
    await world.ask(twoOf, await world.addFlow({ min_approvals: 2 }));
    const hash = await link(twoOf, { scope: 'decide' });
    expect(await decide(hash, 'approve')).toBe('ok');
    await expect(decide(hash, 'approve')).rejects.toMatchObject({ code: '23505' });
    const all = await world.addDraft('draft');
    await world.ask(all, await world.addFlow({ rule: 'all' }));
    await expect(decide(await link(all, { scope: 'decide' }), 'approve')).rejects.toMatchObject({ code: 'PH004' });
  });

  it('does no more than who made it may, sleeps with their account, and ends with their membership', async () => {
    const postId = await world.addDraft('draft');
    const requestId = await world.ask(postId, await world.addFlow());
    const { userId } = world.person('anna');
    const hash = await link(postId, { scope: 'decide', created_by: userId });
    const seen = async () => (await publicly('select review from app.review($1)', [hash])).length;
    const member = (text: string) =>
      world.open.sql(`update project_collaborators set ${text} where project_id = $1 and user_id = $2`, [
        world.projectId(),
        userId,
      ]);
    const account = (status: string) => world.open.sql('update users set status = $2 where id = $1', [userId, status]);
    await member("role = 'reviewer'");
    expect([await decide(hash, 'approve'), await decide(hash, 'comment', 'Hm'), await seen()]).toEqual([
      'forbidden',
      'ok',
      1,
    ]);
    await member("role = 'viewer'");
    expect([await decide(hash, 'comment', 'Hm'), await seen()]).toEqual(['forbidden', 1]);
    await member("role = 'approver'");
    await account('deactivated');
    expect([await decide(hash, 'approve'), await seen()]).toEqual(['not_found', 0]);
    await account('active');
    expect(await seen()).toBe(1);
    await world.open.sql('delete from project_collaborators where project_id = $1 and user_id = $2', [
      world.projectId(),
      userId,
    ]);
    expect([await decide(hash, 'approve'), await seen()]).toEqual(['not_found', 0]);
    await addMember(world.open.sql, world.projectId(), userId, 'approver');
    expect([await decide(hash, 'approve'), await seen()]).toEqual(['not_found', 0]);
    expect(await world.stateOf(requestId)).toBe('pending');
  });
});
