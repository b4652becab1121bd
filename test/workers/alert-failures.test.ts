/** Authors hear by mail of a post that failed: once, and only if they want to. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { ahead, connectCommunity, createPost } from '../support/posts.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let ada: Person;
let projectId: string;
let accountId: string;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
  projectId = (await createProject(world, ada, 'Engines')).id;
  accountId = (await connectCommunity(world, ada, projectId)).id;
});
afterAll(() => world.close());

const mails = () => world.mails(ada.email).filter(({ subject }) => subject === 'A post could not be published');
const prefer = (json: object) => world.call('PATCH', '/v1/me/preferences', { token: ada.token, json });

async function failingPost(text: string) {
  const schedule = { type: 'at', at: ahead(86_400) };
  const post = await createPost(world, ada, { projectId, text, schedule, publications: [{ accountId }] });
  return { postId: post.id, fail: () => fail(post.publications[0]?.id ?? '') };
}

/** As a worker settles it: out of the queue, refused by the platform. */
async function fail(publicationId: string): Promise<void> {
  const lease = "lease_token = gen_random_uuid(), lease_until = app.now() + interval '1 minute'";
  for (const change of [
    `state = 'queued', ${lease}`,
    `state = 'publishing', ${lease}`,
    "state = 'failed', failure_class = 'invalid-content', failure_message = 'Too long <b>', lease_token = null, lease_until = null",
  ])
    await world.sql(`update post_publications set ${change} where id = $1`, [publicationId]);
}

async function sweepLater(minutes: number): Promise<void> {
  await world.moveClock(minutes * 60_000);
  await Promise.all([world.tick('sweep'), world.tick('sweep')]);
  await world.moveClock(0);
}

test('one mail names post, project and what each platform said, however many sweeps there are', async () => {
  const before = mails().length;
  const { fail: failNow, postId } = await failingPost('Hello <world>');
  await failNow();
  await sweepLater(0);
  expect(mails()).toHaveLength(before); // what else of the post fails is told with it
  await sweepLater(3);
  await sweepLater(4);
  expect(mails()).toHaveLength(before + 1);
  const [mail] = mails();
  expect(mail?.text).toContain(postId);
  expect(mail?.text).toContain('Engines');
  expect(mail?.text).toContain('Too long <b>');
  expect(mail?.html).toContain('Too long &lt;b&gt;');
  // Tried again and failed again the same day: it was told.
  const [row] = await world.sql('select id from post_publications where post_id = $1', [postId]);
  await world.sql("update post_publications set state = 'scheduled' where id = $1", [row?.id]);
  await fail(String(row?.id));
  await sweepLater(3);
  expect(mails()).toHaveLength(before + 1);
});

test.each([{ postFailureAlerts: false }, { emailNotifications: false }])('%j: none comes', async (choice) => {
  const before = mails().length;
  await prefer(choice);
  await (await failingPost('Quiet')).fail();
  await sweepLater(3);
  await prefer({ postFailureAlerts: true, emailNotifications: true });
  await sweepLater(4);
  expect(mails()).toHaveLength(before);
});
