import type { Connector, Draft, Prepared, PrepareResult, Session } from '../platforms/connector.ts';

/** Prepares with what is there; where that proves worthless (an expired container), once more from the beginning. */
export async function prepare(
  connector: Connector,
  session: Session,
  draft: Draft,
  prepared: Prepared | null,
): Promise<PrepareResult> {
  const result = await connector.prepare(session, draft, prepared);
  const worthless = result.kind === 'failed' && result.class === 'retry-later' && result.dropPrepared === true;
  return worthless && prepared !== null ? connector.prepare(session, draft, null) : result;
}
