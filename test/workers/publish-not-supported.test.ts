/** Accounts on platforms without a connector, as an import brings them: to be seen and measured against, not published to. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { ahead, eventually, getPublication } from '../support/posts.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let owner: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld({ workers: true });
  owner = await registerUser(world, 'Olivia Owner');
  projectId = (await createProject(world, owner)).id;
  const [account] = await world.sql(
    `insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
     values ($1, 'linkedin', 'urn:li:person:1', 'ada', 'https://api.linkedin.com') returning id`,
    [projectId],
  );
  accountId = String(account?.id);
});
afterAll(() => world.close());

describe('an account on LinkedIn', () => {
  it('is listed like any other', async () => {
    const answer = await world.call('GET', `/v1/accounts?projectId=${projectId}`, { token: owner.token });
    expect(answer.json(z.unknown())).toMatchObject({ data: [{ id: accountId, platform: 'linkedin', handle: 'ada' }] });
  });

  it('takes no post, and validation says why', async () => {
    const body = { projectId, text: 'Hello', schedule: { type: 'at', at: ahead(600) }, publications: [{ accountId }] };
    const told = await world.call('POST', '/v1/posts/validate', { token: owner.token, json: body });
    expect(told.json(z.unknown())).toMatchObject({
      valid: false,
      publications: [{ platform: 'linkedin', violations: [{ code: 'platform_not_supported' }] }],
    });
    expect((await world.call('POST', '/v1/posts', { token: owner.token, json: body })).status).toBe(422);
  });

  it('keeps what was imported as failed: trying again ends it with the reason, and nothing else is held up', async () => {
    const [row] = await world.sql(
      `with post as (
         insert into posts (project_id, text, schedule_type, due_at) values ($1, 'Old', 'at', now() - interval '1 day') returning id
       )
       insert into post_publications (project_id, post_id, account_id, platform, state, due_at, failure_class, failure_code, failure_message)
       select $1, post.id, $2, 'linkedin', 'failed', now() - interval '1 day', 'unknown', 'imported', 'It failed there.' from post returning id`,
      [projectId, accountId],
    );
    const id = String(row?.id);
    expect((await world.call('POST', `/v1/publications/${id}/retry`, { token: owner.token })).status).toBe(202);
    const ended = await eventually(
      () => getPublication(world, owner, id),
      (publication) => publication.failure?.code === 'platform_not_supported',
    );
    expect(ended).toMatchObject({ state: 'failed', failure: { class: 'invalid-content' } });
  });
});
