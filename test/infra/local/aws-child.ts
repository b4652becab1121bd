/** A process with the wire endpoints over the folder of its first argument; prints its origin. Queues and bucket are set up. */
import { openAws } from './aws-world.ts';

const dir = process.argv[2];
if (dir === undefined) throw new Error('the folder is missing');
const aws = await openAws({ dir });
aws.sqs.createQueue({ name: 'media', visibilityTimeoutS: 60 });
aws.s3.createBucket('media-bucket');
aws.events.configure({ id: 'uploads', bucket: 'media-bucket', prefix: 'uploads/', queue: 'media' });
const point = process.argv[3] ?? process.env.KILL_POINT;
if (point !== undefined) aws.faults.arm({ point, action: 'kill' });
console.log(aws.origin);
