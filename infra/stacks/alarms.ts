import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { IBackupVault } from 'aws-cdk-lib/aws-backup';
import { Dashboard, GraphWidget, type IMetric, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { DatabaseCluster } from 'aws-cdk-lib/aws-rds';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { DoorFunction } from '../constructs/door-function.ts';
import { ImpactAlarm } from '../constructs/impact-alarm.ts';
import type { Settings } from '../stages.ts';
import type { QueuesStack } from './queues.ts';

export interface AlarmsStackProps extends StackProps {
  readonly settings: Settings;
  readonly api: HttpApi;
  readonly queues: QueuesStack;
  /** Workers and schedules by operation. */
  readonly functions: ReadonlyMap<string, DoorFunction>;
  readonly cluster: DatabaseCluster | undefined;
  readonly backupVault: IBackupVault | undefined;
}

/** The line that the publish worker logs for each commit, and its milliseconds after the due instant. */
const latenessLine = { message: 'publication.committed', field: 'latenessMs' } as const;

const latenessLimitMs = 60_000;
const minute = Duration.minutes(1);

/** Whom it may concern is told, with what is at stake and where to read on. One page shows the whole artery. */
export class AlarmsStack extends Stack {
  readonly #topic: Topic;

  constructor(scope: Construct, id: string, props: AlarmsStackProps) {
    super(scope, id, props);
    this.#topic = new Topic(this, 'Topic', { displayName: `Posthaste ${props.settings.stage}`, enforceSSL: true });
    if (props.settings.alarmEmail !== undefined) {
      this.#topic.addSubscription(new EmailSubscription(props.settings.alarmEmail));
    }
    const lateness = this.#watchLateness(props);
    this.#watchQueues(props.queues);
    this.#watchFunctions(props.functions, props.settings);
    this.#watchApi(props.api);
    if (props.cluster !== undefined) this.#watchDatabase(props.cluster);
    if (props.backupVault !== undefined) this.#watchBackups(props.backupVault);
    this.#drawDashboard(props, lateness, this.#watchTables(props));
  }

  #watchQueues({ queues, missedTicks }: QueuesStack): void {
    const lost = {
      publish: 'Publications wait until the sweeper finds them, and are late.',
      media: 'Uploads stay in processing, and posts that need them fail at their due second.',
      metrics: 'Numbers of posts are older than promised.',
      export: 'Exports of accounts wait until the schedule finds them.',
      missedTicks: 'A schedule was not started; what it does is done by a later tick, or not at all.',
    };
    const deadLetters = {
      publish: queues.publish.deadLetters,
      media: queues.media.deadLetters,
      metrics: queues.metrics.deadLetters,
      export: queues.export.deadLetters,
      missedTicks,
    };
    for (const name of ['publish', 'media', 'metrics', 'export', 'missedTicks'] as const) {
      new ImpactAlarm(this, `${name}-dead-letters`, {
        impact: lost[name],
        runbook: 'A dead-letter queue is not empty',
        metric: deadLetters[name].metricApproximateNumberOfMessagesVisible({
          period: minute,
          statistic: Stats.MAXIMUM,
        }),
        threshold: 0,
        topic: this.#topic,
      });
    }
  }

  #watchFunctions(functions: ReadonlyMap<string, DoorFunction>, settings: Settings): void {
    for (const [operation, door] of functions) {
      new ImpactAlarm(this, `${operation}-errors`, {
        impact: `${operation} ends with an error: what it was given is tried again or left to the sweeper.`,
        runbook: 'A worker or schedule fails',
        metric: door.function.metricErrors({ period: minute, statistic: Stats.SUM }),
        threshold: 0,
        // One that runs by the hour or the day has only this one error to show.
        periods: door.contract.kind === 'schedule' && door.contract.everyMinutes > 1 ? 1 : 3,
        topic: this.#topic,
      });
    }
    const dispatcher = functions.get('dispatchDue');
    if (dispatcher === undefined || !settings.schedulesEnabled) return;
    new ImpactAlarm(this, 'dispatcher-silent', {
      impact: 'Nothing that is scheduled is published.',
      runbook: 'The dispatcher stands still',
      metric: dispatcher.function.metricInvocations({ period: minute, statistic: Stats.SUM }),
      threshold: 1,
      below: true,
      periods: 3,
      silenceBreaches: true,
      topic: this.#topic,
    });
  }

  #watchLateness({ functions, settings }: AlarmsStackProps): IMetric | undefined {
    const publisher = functions.get('publish');
    if (publisher === undefined) return undefined;
    const name = { metricNamespace: `Posthaste/${settings.stage}`, metricName: 'PublicationLateness' };
    new MetricFilter(this, 'Lateness', {
      ...name,
      logGroup: publisher.logGroup,
      filterPattern: FilterPattern.stringValue('$.message', '=', latenessLine.message),
      metricValue: `$.${latenessLine.field}`,
    });
    const metric = new Metric({
      namespace: name.metricNamespace,
      metricName: name.metricName,
      statistic: Stats.percentile(99),
      period: Duration.minutes(5),
    });
    new ImpactAlarm(this, 'lateness', {
      impact: 'Posts appear more than a minute after their due second.',
      runbook: 'Publications are late',
      metric,
      threshold: latenessLimitMs,
      topic: this.#topic,
    });
    return metric;
  }

  #watchApi(api: HttpApi): void {
    new ImpactAlarm(this, 'api-server-errors', {
      impact: 'Callers of the API get 5xx: what they sent may not have been accepted.',
      runbook: 'The API answers with server errors',
      metric: api.metricServerError({ period: Duration.minutes(5), statistic: Stats.SUM }),
      threshold: 5,
      topic: this.#topic,
    });
  }

  #watchDatabase(cluster: DatabaseCluster): void {
    new ImpactAlarm(this, 'database-capacity', {
      impact: 'Every call becomes slow, and posts become late.',
      runbook: 'The database is at its limit',
      metric: cluster.metricACUUtilization({ period: Duration.minutes(5), statistic: Stats.AVERAGE }),
      threshold: 90,
      periods: 3,
      topic: this.#topic,
    });
  }

  /** At once when a backup fails, and within two days when none is made at all. */
  #watchBackups({ backupVaultName }: IBackupVault): void {
    const impact = 'The newest snapshot of the database grows old: what is lost with the cluster is more than a day.';
    const runbook = 'A backup failed';
    new Rule(this, 'backup-failed', {
      description: 'A backup job of the database ended otherwise than well',
      eventPattern: {
        source: ['aws.backup'],
        detailType: ['Backup Job State Change'],
        detail: { backupVaultName: [backupVaultName], state: ['FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL'] },
      },
      targets: [
        new SnsTopic(this.#topic, {
          message: RuleTargetInput.fromText(
            `${impact} Runbook: infra/README.md, "${runbook}". Job ${EventField.fromPath('$.detail.backupJobId')}: ${EventField.fromPath('$.detail.state')}, ${EventField.fromPath('$.detail.statusMessage')}`,
          ),
        }),
      ],
    });
    new ImpactAlarm(this, 'backups-missing', {
      impact,
      runbook,
      metric: new Metric({
        namespace: 'AWS/Backup',
        metricName: 'NumberOfBackupJobsCompleted',
        dimensionsMap: { BackupVaultName: backupVaultName },
        statistic: Stats.SUM,
        period: Duration.days(1),
      }),
      threshold: 1,
      below: true,
      periods: 2,
      silenceBreaches: true,
      topic: this.#topic,
    });
  }

  /** What the hourly look at the database found worst, from its log line. */
  #watchTables({ functions, settings }: AlarmsStackProps): IMetric[] {
    const maintain = functions.get('maintain');
    if (maintain === undefined) return [];
    const measured = (metricName: string, field: string): Metric => {
      const name = { metricNamespace: `Posthaste/${settings.stage}`, metricName };
      new MetricFilter(this, metricName, {
        ...name,
        logGroup: maintain.logGroup,
        filterPattern: FilterPattern.exists(`$.${field}`),
        metricValue: `$.${field}`,
      });
      return new Metric({
        namespace: name.metricNamespace,
        metricName,
        statistic: Stats.MAXIMUM,
        period: Duration.hours(1),
      });
    };
    const deadRows = measured('DeadRowsPercent', 'deadPercent');
    new ImpactAlarm(this, 'dead-rows', {
      impact: 'A table fills with rows that are gone: it becomes slow, and what waits in it late.',
      runbook: 'A table is full of dead rows',
      metric: deadRows,
      threshold: 40,
      periods: 3,
      topic: this.#topic,
    });
    new ImpactAlarm(this, 'transaction-ids', {
      impact: 'At 100 the database takes no more writes.',
      runbook: 'A table is full of dead rows',
      metric: measured('TransactionIdsUsedPercent', 'transactionIdsPercent'),
      threshold: 50,
      topic: this.#topic,
    });
    return [deadRows, measured('SlowestStatementMs', 'slowestMs')];
  }

  #drawDashboard(
    { api, queues, functions, cluster }: AlarmsStackProps,
    lateness: IMetric | undefined,
    measures: IMetric[],
  ): void {
    const doors = [...functions.values()].map((door) => door.function);
    const mains = Object.values(queues.queues).map(({ queue }) => queue);
    const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: 8 });
    new Dashboard(this, 'Dashboard', {
      dashboardName: this.stackName,
      widgets: [
        [
          graph('API: requests', [api.metricCount({ statistic: Stats.SUM })]),
          graph('API: errors', [api.metricClientError(), api.metricServerError()]),
          graph('API: latency in ms, p99', [api.metricLatency({ statistic: Stats.percentile(99) })]),
        ],
        [
          graph('Publications: lateness in ms, p99', lateness === undefined ? [] : [lateness]),
          graph(
            'Queues: messages',
            mains.map((queue) => queue.metricApproximateNumberOfMessagesVisible()),
          ),
          graph(
            'Queues: age of the oldest in s',
            mains.map((queue) => queue.metricApproximateAgeOfOldestMessage()),
          ),
        ],
        [
          graph(
            'Workers and schedules: errors',
            doors.map((one) => one.metricErrors()),
          ),
          graph(
            'Workers and schedules: duration in ms, p99',
            doors.map((one) => one.metricDuration({ statistic: Stats.percentile(99) })),
          ),
          graph('Database: capacity used in %', cluster === undefined ? [] : [cluster.metricACUUtilization()]),
        ],
        [graph('Database: dead rows of the worst table in %, slowest statement in ms', measures)],
      ],
    });
  }
}
