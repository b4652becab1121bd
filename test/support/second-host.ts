/** A process of its own with the doors behind a gateway, on the environment that it is given. Prints its origin. */
import { listDoors } from '../../infra/doors.ts';
import { functionsOf, routesOf } from '../../infra/local/functions.ts';
import { createGateway } from '../../infra/local/gateway.ts';
import { createInvoker } from '../../infra/local/invoke.ts';
import { LOG_SINK } from '../../shared/log.ts';

Reflect.set(globalThis, LOG_SINK, () => {});
const doors = await listDoors();
const invoker = createInvoker({ functions: functionsOf(doors), log: () => {} });
const gateway = createGateway({ routes: routesOf(doors), invoke: invoker.invoke });
process.stdout.write((await gateway.listen(0)).origin);
