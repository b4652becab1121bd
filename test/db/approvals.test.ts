import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Actors, openActors, outcomeOf } from './acting.ts';
import { type ApprovalWorld, type Name, openApprovals } from './approval-world.ts';
import { addAccount } from './seed.ts';

let world: ApprovalWorld;
beforeAll(async () => {
  world = await openApprovals();
});
beforeEach(() => world.newProject());
afterAll(() => world.open.close());

describe('asking for approval', () => {
  it('takes back what was about to go out, and leaves what is out', async () => {
    const postId = await world.addDraft('draft', 'scheduled', 'queued', 'published', 'cancelled');
    const requestId = await world.ask(postId, await world.addFlow());
    expect(await world.statesOf(postId)).toEqual([
      'pending_approval',
      'pending_approval',
      'pending_approval',
      'published',
      'cancelled',
    ]);
    const [request] = await world.open.sql(
      'select *, app.post_hash(post_id) as hash from approval_requests where id = $1',
      [requestId],
    );
    expect(request).toMatchObject({
      state: 'pending',
      content_hash: request?.hash,
      requested_by: world.person('editor').userId,
    });
  });

  it('is refused where nobody could answer, and where nothing waits', async () => {
    const refused = async (workflowId: string, ...states: string[]) =>
      outcomeOf(world.ask(await world.addDraft(...states), workflowId));
    expect(await refused(await world.addFlow({ is_active: false }), 'draft')).toBe('PH004');
    expect(await refused(await world.addFlow({}, []), 'draft')).toBe('PH004');
    expect(await refused(await world.addFlow({ min_approvals: 3 }), 'draft')).toBe('PH004');
    expect(await refused(await world.addFlow({}, ['editor']), 'draft'), 'without the right to approve').toBe('PH004');
    expect(await refused(await world.addFlow(), 'published')).toBe('PH004');
    expect(await refused(await world.addFlow())).toBe('PH004');
  });

  it('twice at once is one request', async () => {
    const postId = await world.addDraft('draft');
    const flow = await world.addFlow();
    await world.ask(postId, flow);
    expect(await outcomeOf(world.ask(postId, flow, 'owner'))).toBe('23505');
  });

  it('is for who may write, as the decision is for who may approve', async () => {
    const flow = await world.addFlow();
    const postId = await world.addDraft('draft');
    for (const name of ['anna', 'reviewer', 'viewer'] as const)
      expect(await outcomeOf(world.ask(postId, flow, name)), name).toBe('42501');
    const requestId = await world.ask(postId, flow);
    for (const name of ['editor', 'reviewer', 'viewer'] as const)
      expect(await world.say(name, requestId, 'approve'), name).toBe('42501');
    expect(await world.say('cleo', requestId, 'approve'), 'approver of the project, but not of the workflow').toBe(
      'PH004',
    );
    expect(await world.say('cleo', requestId, 'reject')).toBe('PH004');
    expect(await world.say('reviewer', requestId, 'comment', 'Typo?')).toBe('done');
    expect(await world.say('viewer', requestId, 'comment', 'Typo?')).toBe('42501');
    expect(await world.stateOf(requestId)).toBe('pending');
  });
});

describe('the rule', () => {
  it('any: as many as it asks for', async () => {
    const postId = await world.addDraft('draft');
    const requestId = await world.ask(postId, await world.addFlow({ min_approvals: 2 }, ['anna', 'ben', 'cleo']));
    await world.say('cleo', requestId, 'approve');
    expect(await world.say('cleo', requestId, 'approve'), 'one person counts once').toBe('23505');
    expect(await world.stateOf(requestId)).toBe('pending');
    await world.say('anna', requestId, 'approve');
    expect(await world.stateOf(requestId)).toBe('approved');
    expect(await world.statesOf(postId)).toEqual(['scheduled']);
    expect(await world.say('ben', requestId, 'approve')).toBe('PH004');
  });

  it('all: everyone who can', async () => {
    const postId = await world.addDraft('scheduled');
    const requestId = await world.ask(postId, await world.addFlow({ rule: 'all' }, ['anna', 'ben', 'editor']));
    await world.say('ben', requestId, 'approve');
    expect(await world.stateOf(requestId)).toBe('pending');
    await world.say('anna', requestId, 'approve');
    expect(await world.stateOf(requestId)).toBe('approved');
  });

  it('ordered: each in turn, those of one place in any order', async () => {
    const requestId = await world.ask(
      await world.addDraft('draft'),
      await world.addFlow({ rule: 'ordered' }, [['anna', 'ben'], 'cleo']),
    );
    expect(await world.say('cleo', requestId, 'approve')).toBe('PH004');
    await world.say('ben', requestId, 'approve');
    expect(await world.say('cleo', requestId, 'approve')).toBe('PH004');
    await world.say('anna', requestId, 'approve');
    expect(await world.stateOf(requestId)).toBe('pending');
    expect(await world.say('cleo', requestId, 'approve')).toBe('done');
    expect(await world.stateOf(requestId)).toBe('approved');
  });

  it('counts nobody who has left the project or lost the right', async () => {
    const requestId = await world.ask(
      await world.addDraft('draft'),
      await world.addFlow({ rule: 'all' }, ['anna', 'ben', 'cleo']),
    );
    const member = [world.projectId(), world.person('ben').userId];
    await world.open.sql(
      "update project_collaborators set role = 'viewer' where project_id = $1 and user_id = $2",
      member,
    );
    await world.open.sql('delete from project_collaborators where project_id = $1 and user_id = $2', [
      world.projectId(),
      world.person('cleo').userId,
    ]);
    expect(await world.say('ben', requestId, 'approve')).toBe('42501');
    await world.say('anna', requestId, 'approve');
    expect(await world.stateOf(requestId)).toBe('approved');
  });

  it('any holds when the last two decide at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const postId = await world.addDraft('draft', 'draft');
      const requestId = await world.ask(postId, await world.addFlow({ min_approvals: 2 }));
      const others = await openActors(world.open);
      const decide = (by: Actors, name: Name) =>
        by.as(world.person(name))(
          "insert into approval_decisions (project_id, request_id, decision) values ($1::uuid, $2::uuid, 'approve') returning id",
          [world.projectId(), requestId],
        );
      await Promise.all([decide(world.actors, 'anna'), decide(others, 'ben')]);
      expect(await world.stateOf(requestId)).toBe('approved');
      expect(await world.statesOf(postId)).toEqual(['scheduled', 'scheduled']);
    }
  });

  it('one’s own post is approved by others, unless the workflow lets one', async () => {
    const postId = await world.addDraft('draft');
    await world.open.sql('update posts set created_by = $2 where id = $1', [postId, world.person('owner').userId]);
    const requestId = await world.ask(postId, await world.addFlow({}, ['owner', 'anna']));
    expect(await world.say('owner', requestId, 'approve')).toBe('PH004');
    expect(await world.say('owner', requestId, 'reject')).toBe('done');
    const asked = await world.ask(await world.addDraft('draft'), await world.addFlow({}, ['owner', 'anna']), 'owner');
    expect(await world.say('owner', asked, 'approve'), 'who asked').toBe('PH004');
    const lenient = await world.ask(
      await world.addDraft('draft'),
      await world.addFlow({ allow_self_approval: true }, ['owner']),
      'owner',
    );
    expect(await world.say('owner', lenient, 'approve')).toBe('done');
    expect(await world.stateOf(lenient)).toBe('approved');
  });
});

describe('what becomes of the post', () => {
  it('rejected by one: back to draft, whatever others said', async () => {
    const postId = await world.addDraft('scheduled', 'draft');
    const requestId = await world.ask(postId, await world.addFlow({ min_approvals: 2 }, ['anna', 'ben', 'cleo']));
    await world.say('anna', requestId, 'approve');
    await world.say('ben', requestId, 'reject', 'Wrong price');
    expect(await world.stateOf(requestId)).toBe('rejected');
    expect(await world.statesOf(postId)).toEqual(['draft', 'draft']);
    expect(await world.say('cleo', requestId, 'comment', 'Indeed')).toBe('done');
  });

  it('approved without a time: a draft, which can be scheduled', async () => {
    const postId = await world.addDraft('draft');
    await world.open.sql('update post_publications set due_at = null where post_id = $1', [postId]);
    const requestId = await world.ask(postId, await world.addFlow());
    await world.say('anna', requestId, 'approve');
    expect(await world.statesOf(postId)).toEqual(['draft']);
    const schedule =
      "update post_publications set state = 'scheduled', due_at = app.now() where post_id = $1::uuid returning 1 as one";
    expect(await outcomeOf(world.act('editor', schedule, [postId]))).toBe('done');
  });

  it('while it waits nobody schedules it past the approvers, nor another account of it', async () => {
    const postId = await world.addDraft('draft', 'failed');
    await world.ask(postId, await world.addFlow());
    const schedule = (state: string) =>
      outcomeOf(
        world.act(
          'owner',
          "update post_publications set state = 'scheduled' where post_id = $1::uuid and state = $2 returning 1 as one",
          [postId, state],
        ),
      );
    expect(await schedule('pending_approval')).toBe('PH004');
    const more = [world.projectId(), postId, await addAccount(world.open.sql, world.projectId())];
    await world.act(
      'owner',
      "insert into post_publications (project_id, post_id, account_id, platform, state, due_at) values ($1::uuid, $2::uuid, $3::uuid, 'community', 'scheduled', app.now()) returning 1 as one",
      more,
    );
    expect(await world.statesOf(postId)).toEqual(['pending_approval', 'failed', 'pending_approval']);
  });

  it('nor takes one of its publications aside to schedule it, nor one that waits without being asked for', async () => {
    const postId = await world.addDraft('draft', 'draft');
    await world.ask(postId, await world.addFlow());
    const [first] = await world.open.sql('select id from post_publications where post_id = $1 order by id limit 1', [
      postId,
    ]);
    const to = (state: string, id: unknown) =>
      outcomeOf(
        world.act('owner', 'update post_publications set state = $2 where id = $1::uuid returning 1 as one', [
          id,
          state,
        ]),
      );
    expect(await to('draft', first?.id)).toBe('done');
    expect(await to('scheduled', first?.id)).toBe('PH004');
    const unasked = await world.addDraft('pending_approval');
    const [waits] = await world.open.sql('select id from post_publications where post_id = $1', [unasked]);
    expect(await to('scheduled', waits?.id)).toBe('PH004');
  });

  it('withdrawn by the request or by the post: drafts again, and nothing is asked any more', async () => {
    const flow = await world.addFlow();
    const postId = await world.addDraft('draft');
    const requestId = await world.ask(postId, flow);
    await world.act(
      'editor',
      "update approval_requests set state = 'withdrawn' where id = $1::uuid returning 1 as one",
      [requestId],
    );
    expect(await world.statesOf(postId)).toEqual(['draft']);
    const again = await world.ask(postId, flow);
    await world.act(
      'editor',
      "update post_publications set state = 'draft' where post_id = $1::uuid returning 1 as one",
      [postId],
    );
    expect(await world.stateOf(again)).toBe('withdrawn');
    const third = await world.ask(postId, flow);
    await world.act(
      'editor',
      "update post_publications set state = 'cancelled' where post_id = $1::uuid returning 1 as one",
      [postId],
    );
    expect(await world.stateOf(third)).toBe('withdrawn');
  });
});

it('who agreed is known as long as the post is there, though the workflow was deleted long ago', async () => {
  const flow = await world.addFlow({ min_approvals: 1 });
  const unused = await world.addFlow();
  const postId = await world.addDraft('draft');
  const requestId = await world.ask(postId, flow);
  expect(await world.say('anna', requestId, 'approve')).toBe('done');
  await world.open.sql(
    "update approval_workflows set deleted_at = app.now() - interval '31 days' where id = any ($1)",
    [[flow, unused]],
  );
  await world.open.sql('select * from app.purge_kept(100)');
  expect(await world.stateOf(requestId)).toBe('approved');
  const kept = await world.open.sql('select id from approval_workflows where id = any ($1)', [[flow, unused]]);
  expect(kept).toEqual([{ id: flow }]);
});
