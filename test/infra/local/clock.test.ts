import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createClock, type SchedulerEvent } from '../../../infra/local/clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-11-20T09:38:42.500Z'), toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Fired {
  readonly name: string;
  readonly event: SchedulerEvent;
  readonly at: string;
}

function world(schedules = [{ name: 'dispatchDue', everyMinutes: 1 }], run: () => Promise<unknown> = async () => null) {
  const fired: Fired[] = [];
  const clock = createClock({
    schedules,
    fire: async (name, event) => {
      fired.push({ name, event, at: new Date().toISOString() });
      await run();
    },
  });
  return { clock, fired };
}

test('a schedule fires at the beginning of each minute, once', async () => {
  const { clock, fired } = world();
  clock.start();
  await vi.advanceTimersByTimeAsync(17_499);
  expect(fired).toEqual([]);
  await vi.advanceTimersByTimeAsync(1 + 3 * 60_000);
  clock.stop();
  expect(fired.map(({ at }) => at.slice(11, 19))).toEqual(['09:39:00', '09:40:00', '09:41:00', '09:42:00']);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(fired).toHaveLength(4);
});

test('the event is the one of EventBridge Scheduler', async () => {
  const { clock, fired } = world();
  clock.start();
  await vi.advanceTimersByTimeAsync(17_500);
  clock.stop();
  expect(fired[0]?.event).toEqual({
    version: '0',
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '000000000000',
    time: '2026-11-20T09:39:00Z',
    region: 'us-east-1',
    resources: ['arn:aws:scheduler:us-east-1:000000000000:schedule/default/dispatchDue'],
    detail: '{}',
  });
});

test('a slower schedule fires only in its own minutes', async () => {
  const { clock, fired } = world([
    { name: 'fast', everyMinutes: 1 },
    { name: 'slow', everyMinutes: 5 },
  ]);
  clock.start();
  await vi.advanceTimersByTimeAsync(8 * 60_000);
  clock.stop();
  expect(fired.filter(({ name }) => name === 'slow').map(({ at }) => at.slice(11, 16))).toEqual(['09:40', '09:45']);
  expect(fired.filter(({ name }) => name === 'fast')).toHaveLength(8);
});

test('a tick that still runs, or fails, does not hold up the next', async () => {
  const stuck = world(undefined, () => new Promise(() => undefined));
  const failing = world(undefined, () => Promise.reject(new Error('broken')));
  stuck.clock.start();
  failing.clock.start();
  await vi.advanceTimersByTimeAsync(3 * 60_000);
  stuck.clock.stop();
  failing.clock.stop();
  expect([stuck.fired.length, failing.fired.length]).toEqual([3, 3]);
});

test('a clock that is set back does not fire a minute twice; a sleep is not made up for', async () => {
  let nowMs = Date.parse('2026-11-20T09:38:59.999Z');
  const fired: string[] = [];
  const clock = createClock({
    schedules: [{ name: 'a', everyMinutes: 1 }],
    fire: async (_, event) => fired.push(event.time),
    nowMs: () => nowMs,
  });
  const wakeAt = async (instant: string) => {
    nowMs = Date.parse(instant);
    await vi.advanceTimersByTimeAsync(60_000);
  };
  clock.start();
  await wakeAt('2026-11-20T09:39:00.001Z');
  await wakeAt('2026-11-20T09:39:30.000Z');
  await wakeAt('2026-11-20T09:50:10.000Z');
  clock.stop();
  expect(fired).toEqual(['2026-11-20T09:39:00Z', '2026-11-20T09:50:00Z']);
});

test('a tick by hand runs one schedule to its end, and knows only real ones', async () => {
  const { clock, fired } = world([
    { name: 'fast', everyMinutes: 1 },
    { name: 'slow', everyMinutes: 5 },
  ]);
  await clock.tick('slow');
  await clock.tick();
  expect(fired.map(({ name }) => name)).toEqual(['slow', 'fast', 'slow']);
  await expect(clock.tick('nothing')).rejects.toThrow('there is no schedule nothing');
});
