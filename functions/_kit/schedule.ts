/** One tick. Safe to run twice and to miss: the rows say what is due, not the tick. */
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { connect, type Db } from '../../shared/db/client.ts';
import { describeError, type Fields, log } from '../../shared/log.ts';
import type { ScheduleContract } from './contract.ts';

export interface Tick {
  readonly db: Db;
  readonly requestId: string;
  remainingMs(): number;
}

/** Returns counts for the log line. */
type Handle = (tick: Tick) => Promise<Fields>;

export function schedule<const C extends Omit<ScheduleContract, 'kind'>>(declaration: C) {
  const contract = { ...declaration, kind: 'schedule' } as const;
  return (handle: Handle) => {
    const handler = middy<unknown, Fields>().handler((_event, context) => tick(handle, context));
    return Object.assign(handler, { contract });
  };
}

async function tick(handle: Handle, context: Context): Promise<Fields> {
  const began = performance.now();
  const db = connect({
    caller: { kind: 'worker', name: context.functionName },
    requestId: context.awsRequestId,
    patienceMs: () => context.getRemainingTimeInMillis() - 2_000,
    leftMs: () => context.getRemainingTimeInMillis(),
  });
  const line = { operation: context.functionName, requestId: context.awsRequestId };
  const spent = () => ({
    ms: Math.round(performance.now() - began),
    dataApiCalls: db.spent.calls,
    dataApiMs: Math.round(db.spent.ms),
  });
  try {
    const counts = await handle({
      db,
      requestId: context.awsRequestId,
      remainingMs: () => context.getRemainingTimeInMillis(),
    });
    log('info', 'tick', { ...line, ...counts, ...spent() });
    return counts;
  } catch (error) {
    log('error', 'tick', { ...line, ...spent(), ...describeError(error) });
    throw error;
  }
}
