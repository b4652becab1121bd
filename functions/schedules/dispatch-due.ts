import { connectors } from '../../shared/platforms/registry.ts';
import { dispatchDue } from '../../shared/publications/dispatch-due.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 1,
  timeout: 55,
  memory: 512,
  summary: 'Claims what falls due within three minutes, and has prepared what falls due within fifteen',
  uses: { database: 'worker', queues: ['publish'] },
})(async ({ db, remainingMs }) => dispatchDue(db, connectors, remainingMs));
