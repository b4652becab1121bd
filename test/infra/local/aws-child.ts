/** A process with the wire endpoints over the folder of its first argument; prints its origin. Named by the second: where it dies. */
import { openAws } from './aws-world.ts';

const dir = process.argv[2];
if (dir === undefined) throw new Error('the folder is missing');
const aws = await openAws({ dir });
aws.sqs.createQueue({ name: 'media', visibilityTimeoutS: 60 });
aws.s3.createBucket('media-bucket');
aws.events.configure({ id: 'uploads', bucket: 'media-bucket', prefix: 'uploads/', queue: 'media' });
const point = process.argv[3];
if (point !== undefined) aws.faults.arm({ point, action: 'kill' });
process.stdout.write(`${aws.origin}\n`);
// A test that fails ends without killing this process; the end of its pipe does.
process.stdin.resume().on('end', () => process.exit());
