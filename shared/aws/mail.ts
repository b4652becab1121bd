/** SES: one mail to one address. */
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { config } from '../config/config.ts';
import { mailPayload, renderMail } from '../mail/templates.ts';

let client: SESv2Client | undefined;

/** Sends what an outbox row of kind `mail` holds. Throws when the payload is none or SES does not take the mail. */
export async function sendMail(payload: unknown): Promise<void> {
  // One try within a request's time: the outbox row is what makes sure.
  client ??= new SESv2Client({ maxAttempts: 1, requestHandler: { requestTimeout: 5_000, connectionTimeout: 2_000 } });
  const mail = renderMail(mailPayload.parse(payload));
  await client.send(
    new SendEmailCommand({
      FromEmailAddress: config('mail').MAIL_FROM,
      Destination: { ToAddresses: [mail.to] },
      Content: {
        Simple: {
          Subject: { Data: mail.subject, Charset: 'UTF-8' },
          Body: { Text: { Data: mail.text, Charset: 'UTF-8' }, Html: { Data: mail.html, Charset: 'UTF-8' } },
        },
      },
    }),
  );
}
