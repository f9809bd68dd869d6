// How OpenWhisk's Ansible role starts its invoker's container: every variable of the environment and every option.
import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

// As deployed to one machine with the defaults of OpenWhisk's group_vars, without the new scheduler.
export const environment = ({kafka, couchdb, prefix, manifest}) => {
  const [host, port] = couchdb.address.split(':');
  const [user, password] = couchdb.credentials.split(':');
  return {
    JAVA_OPTS: '-Xmx2g -XX:+CrashOnOutOfMemoryError -XX:+UseGCOverheadLimit -XX:ErrorFile=/logs/java_error.log',
    INVOKER_OPTS: ' -Dcom.sun.management.jmxremote -Dcom.sun.management.jmxremote.ssl=false ' +
        '-Dcom.sun.management.jmxremote.port=17000',
    JMX_REMOTE: 'True',
    OPENWHISK_ENCODED_CONFIG: Buffer.from('include classpath("application.conf")\n\n# Nothing of our own.\n').toString('base64'),
    PORT: '8080',
    TZ: 'UTC',
    KAFKA_HOSTS: kafka.address,
    ZOOKEEPER_HOSTS: '127.0.0.1:2181',
    CONFIG_whisk_kafka_replicationFactor: '1',
    CONFIG_whisk_kafka_topics_invoker_retentionBytes: '104857600',
    CONFIG_whisk_kafka_topics_invoker_retentionMs: '300000',
    CONFIG_whisk_kakfa_topics_invoker_segmentBytes: '',
    CONFIG_whisk_kafka_topics_prefix: prefix,
    CONFIG_whisk_kafka_topics_userEvent_prefix: prefix,
    CONFIG_whisk_kafka_common_securityProtocol: 'PLAINTEXT',
    CONFIG_whisk_kafka_common_sslTruststoreLocation: '/conf/kafka-keystore.jks',
    CONFIG_whisk_kafka_common_sslTruststorePassword: 'openwhisk',
    CONFIG_whisk_kafka_common_sslKeystoreLocation: '/conf/kafka-keystore.jks',
    CONFIG_whisk_kafka_common_sslKeystorePassword: 'openwhisk',
    CONFIG_whisk_userEvents_enabled: 'false',
    CONFIG_whisk_couchdb_protocol: 'http',
    CONFIG_whisk_couchdb_host: host,
    CONFIG_whisk_couchdb_port: port,
    CONFIG_whisk_couchdb_username: user,
    CONFIG_whisk_couchdb_password: password,
    CONFIG_whisk_couchdb_provider: 'CouchDB',
    CONFIG_whisk_couchdb_databases_WhiskAuth: 'whisk_local_subjects',
    CONFIG_whisk_couchdb_databases_WhiskEntity: 'whisk_local_whisks',
    CONFIG_whisk_couchdb_databases_WhiskActivation: 'whisk_local_activations',
    DB_WHISK_ACTIONS: 'whisk_local_whisks',
    DB_WHISK_ACTIVATIONS: 'whisk_local_activations',
    DB_WHISK_AUTHS: 'whisk_local_subjects',
    CONFIG_whisk_db_subjectsDdoc: '',
    CONFIG_whisk_db_actionsDdoc: '',
    CONFIG_whisk_db_activationsDdoc: '',
    CONFIG_whisk_db_activationsFilterDdoc: '',
    WHISK_API_HOST_PROTO: 'https',
    WHISK_API_HOST_PORT: '443',
    WHISK_API_HOST_NAME: '172.17.0.1',
    CONFIG_whisk_containerFactory_runtimesRegistry_url: '',
    CONFIG_whisk_containerFactory_userImagesRegistry_url: '',
    RUNTIMES_MANIFEST: JSON.stringify(manifest),
    CONFIG_whisk_runtimes_bypassPullForLocalImages: 'true',
    CONFIG_whisk_runtimes_localImagePrefix: '',
    CONFIG_whisk_containerFactory_containerArgs_network: 'bridge',
    CONFIG_whisk_containerFactory_containerArgs_dnsServers_0: '',
    CONFIG_whisk_containerFactory_containerArgs_extraEnvVars_0: '__OW_ALLOW_CONCURRENT=True',
    INVOKER_CONTAINER_POLICY: '',
    CONFIG_whisk_containerPool_userMemory: '2048m',
    CONFIG_whisk_containerPool_userCpus: '',
    CONFIG_whisk_containerPool_pekkoClient: 'true',
    CONFIG_whisk_containerPool_prewarmExpirationCheckInitDelay: '10 minutes',
    CONFIG_whisk_containerPool_prewarmExpirationCheckInterval: '10 minutes',
    CONFIG_whisk_containerPool_prewarmExpirationCheckIntervalVariance: '10 seconds',
    CONFIG_whisk_containerPool_prewarmPromotion: 'false',
    CONFIG_whisk_containerPool_prewarmMaxRetryLimit: '5',
    CONFIG_whisk_containerPool_memorySyncInterval: '1 second',
    CONFIG_whisk_containerPool_batchDeletionSize: '10',
    CONFIG_whisk_docker_client_parallelRuns: '',
    CONFIG_whisk_docker_containerFactory_useRunc: 'true',
    WHISK_LOGS_DIR: '/var/tmp/wsklogs',
    METRICS_KAMON: 'false',
    METRICS_KAMON_TAGS: 'false',
    METRICS_LOG: 'true',
    CONFIG_kamon_statsd_hostname: '',
    CONFIG_kamon_statsd_port: '8125',
    CONFIG_whisk_spi_LogStoreProvider: 'org.apache.openwhisk.core.containerpool.logging.DockerToActivationLogStoreProvider',
    CONFIG_whisk_spi_InvokerProvider: '',
    CONFIG_whisk_spi_InvokerServerProvider: '',
    CONFIG_logback_log_level: 'INFO',
    CONFIG_whisk_memory_min: '',
    CONFIG_whisk_memory_max: '',
    CONFIG_whisk_memory_std: '',
    CONFIG_whisk_timeLimit_min: '',
    CONFIG_whisk_timeLimit_max: '',
    CONFIG_whisk_timeLimit_std: '',
    CONFIG_whisk_concurrencyLimit_min: '',
    CONFIG_whisk_concurrencyLimit_max: '500',
    CONFIG_whisk_concurrencyLimit_std: '',
    CONFIG_whisk_namespaceDefaultLimit_concurrencyLimit_max: '500',
    CONFIG_whisk_activation_payload_max: '',
    CONFIG_whisk_transactions_header: 'X-Request-ID',
    CONFIG_whisk_invoker_protocol: 'https',
    CONFIG_whisk_invoker_https_keystorePath: '/conf/invoker-openwhisk-keystore.p12',
    CONFIG_whisk_invoker_https_keystorePassword: 'openwhisk',
    CONFIG_whisk_invoker_https_keystoreFlavor: 'PKCS12',
    CONFIG_whisk_invoker_https_clientAuth: 'true',
    CONFIG_whisk_invoker_resource_tags: " '' ",
    CONFIG_whisk_invoker_dedicated_namespaces: " '' ",
    CONFIG_whisk_invoker_username: 'invoker.user',
    CONFIG_whisk_invoker_password: 'invoker.pass',
    CONFIG_whisk_containerProxy_timeouts_idleContainer: '10 minutes',
    CONFIG_whisk_containerProxy_timeouts_pauseGrace: '10 seconds',
    CONFIG_whisk_containerProxy_timeouts_keepingDuration: '10 minutes',
    CONFIG_whisk_cluster_name: 'whisk',
  };
};

// Docker gives a privileged container all that the kernel knows. A machine that is a container itself may have less to give.
export function privileged() {
  const read = file => readFileSync(file, 'utf8');
  const known = Number(read('/proc/sys/kernel/cap_last_cap')) + 1;
  const own = BigInt('0x' + read('/proc/self/status').match(/CapBnd:\s*([0-9a-f]+)/)[1]);
  if (own === (1n << BigInt(known)) - 1n) return ['--privileged'];
  console.log('# this machine cannot make privileged containers: the invoker gets what any container gets');
  return ['--security-opt=seccomp=unconfined'];
}

// What attaching volumes takes where there are no privileged containers.
export function mayMount() {
  const all = privileged();
  return all.includes('--privileged') ? all : [...all, '--cap-add=SYS_ADMIN', '--cap-add=SYS_PTRACE', '--device=/dev/fuse'];
}

// The arguments of `docker run -d` for the invoker `index`, whose port 8080 is to be `port` of this machine. `folder` is what
// OpenWhisk calls its temporary directory; `dockerRoot` and `runc` are the daemon's.
export function runArguments({index, port, folder, dockerRoot, runc, socket, image, environment: variables, rights = privileged(), more = []}) {
  const name = `invoker${index}`;
  const [logs, conf] = [join(folder, 'wsklogs', name), join(folder, 'wskconf/invoker', name)];
  for (const made of [logs, conf]) mkdirSync(made, {recursive: true});
  const volumes = [
    '/sys/fs/cgroup:/sys/fs/cgroup', `${logs}:/logs`, `${conf}:/conf`, `${dockerRoot}/containers/:/containers`,
    `${socket}:/var/run/docker.sock`, `${runc}:/run/runc`, ...more,
  ];
  return {
    name, logs, conf,
    arguments: [
      '--name', name, '--hostname', name, ...rights, '--userns=host', '--pid=host', '--restart=always',
      '-p', `${port}:8080`, '-p', `${port + 1}:17000`, '-p', `${port + 2}:18000`,
      ...volumes.flatMap(volume => ['-v', volume]),
      ...Object.entries(variables).flatMap(([key, value]) => ['-e', `${key}=${value}`]), image,
      '/bin/sh', '-c', `exec /init.sh --id ${index} --uniqueName ${index} >> /logs/${name}_logs.log 2>&1`,
    ],
  };
}
