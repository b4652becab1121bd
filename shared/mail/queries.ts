/** The mails of the outbox, as the door that wrote one sees them. */
import { z } from 'zod';
import { query } from '../db/statement.ts';

/** Empties the payload, which holds a token. A mail that the sweeper was quicker with has no row any more. */
export const markMailSent = query({
  name: 'markMailSent',
  kind: 'anyone',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ mailId: string }>`
  select outcome from app.mail_sent(${'mailId'}::uuid)`;
