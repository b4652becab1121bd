/** What Lambda hands to the worker of the publish queue: one message. */
export function sqsEvent(body: unknown) {
  return {
    Records: [
      {
        messageId: crypto.randomUUID(),
        receiptHandle: 'handle',
        body: JSON.stringify(body),
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: '0',
          SenderId: 'test',
          ApproximateFirstReceiveTimestamp: '0',
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:publish',
        awsRegion: 'us-east-1',
      },
    ],
  };
}
