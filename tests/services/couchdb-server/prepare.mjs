// Gives an empty server the databases and design documents that OpenWhisk's deployment gives a CouchDB.
// usage: node prepare.mjs http://user:password@host:port
//
// A database that is there is left as it is, so a second run changes nothing.

// The views look at documents as OpenWhisk stores them; keys begin with the namespace, so that a range of keys is one
// namespace's entities by time.
const byTime = (type) => `function (doc) {
  if (doc.entityType !== '${type}') return;
  var path = doc.namespace.split('/');
  var row = {namespace: doc.namespace, name: doc.name, version: doc.version, publish: doc.publish,
    annotations: doc.annotations, updated: doc.updated};
  if (doc.limits) row.limits = doc.limits;
  if (doc.exec) row.exec = {binary: doc.exec.binary || false};
  if (doc.binding) row.binding = doc.binding;
  emit([path.join('/'), doc.updated], row);
  if (path.length > 1) emit([path[0], doc.updated], row);
}`;

const publicPackages = `function (doc) {
  if (doc.entityType !== 'package' || !doc.publish || (doc.binding && doc.binding.name)) return;
  emit([doc.namespace, doc.updated], {namespace: doc.namespace, name: doc.name, version: doc.version,
    publish: doc.publish, annotations: doc.annotations, updated: doc.updated});
}`;

const activationSummary = `
  var row = {namespace: doc.namespace, name: doc.name, version: doc.version, publish: doc.publish,
    annotations: doc.annotations, activationId: doc.activationId, start: doc.start, end: doc.end,
    duration: doc.duration, statusCode: doc.response && doc.response.statusCode};
  if (doc.cause) row.cause = doc.cause;`;

const activationsByNamespace = `function (doc) {
  if (!doc.activationId) return;${activationSummary}
  emit([doc.namespace, doc.start], row);
}`;

// Under its own name, and under "package/name" when it was called in a package.
const activationsByName = `function (doc) {
  if (!doc.activationId) return;${activationSummary}
  var path = doc.name;
  (doc.annotations || []).forEach(function (entry) {
    if (entry.key !== 'path') return;
    var parts = entry.value.split('/');
    if (parts.length === 3) path = parts[1] + '/' + doc.name;
  });
  emit([doc.namespace + '/' + path, doc.start], row);
}`;

const byDate = `function (doc) {
  if (doc.activationId) emit(doc.start, null);
}`;

const byDateWithLogs = `function (doc) {
  if (doc.activationId && doc.logs && doc.logs.length > 0) emit(doc.start, doc._id);
}`;

const identities = `function (doc) {
  if (!doc.uuid || !doc.key || doc.blocked) {
    if (!doc.namespaces || doc.blocked) return;
  }
  var own = doc.namespaces || [{name: doc.subject, uuid: doc.uuid, key: doc.key}];
  own.forEach(function (space) {
    var value = {_id: space.name + '/limits', namespace: space.name, uuid: space.uuid, key: space.key};
    emit([space.name], value);
    emit([space.uuid, space.key], value);
  });
}`;

const blockedNamespaces = `function (doc) {
  if (doc._id.indexOf('/limits') >= 0) {
    if (doc.concurrentInvocations === 0 || doc.invocationsPerMinute === 0) emit(doc._id.split('/')[0], 1);
  } else if (doc.blocked && doc.namespaces) {
    doc.namespaces.forEach(function (space) { emit(space.name, 1); });
  }
}`;

const views = (maps) => Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, {map}]));

const databases = {
  whisk_local_whisks: {
    'whisks.v2.1.0': {
      views: views({
        actions: byTime('action'),
        packages: byTime('package'),
        'packages-public': publicPackages,
        rules: byTime('rule'),
        triggers: byTime('trigger'),
      }),
    },
  },
  whisk_local_activations: {
    'whisks.v2.1.0': {views: views({activations: activationsByNamespace})},
    'whisks-filters.v2.1.1': {views: views({activations: activationsByName})},
    activations: {views: views({byDate})},
    logCleanup: {views: views({byDateWithLogs})},
    snapshotFilters: {filters: {notDesign: `function (doc) { return doc._id.charAt(0) !== '_'; }`}},
  },
  whisk_local_subjects: {
    'subjects.v2.0.0': {views: views({identities})},
    namespaceThrottlings: {views: views({blockedNamespaces})},
  },
};

const address = new URL(process.argv[2]);
const authorization = `Basic ${btoa(`${address.username}:${address.password}`)}`;

// PUT, where 412 (a database) and 409 (a document) say that it is there.
async function put(path, body) {
  const answer = await fetch(new URL(path, address.origin), {
    method: 'PUT',
    headers: {authorization, 'content-type': 'application/json'},
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok && answer.status !== 412 && answer.status !== 409) throw new Error(`${path}: ${answer.status} ${text}`);
}

for (const [database, designs] of Object.entries(databases)) {
  await put(`/${database}`);
  for (const [name, design] of Object.entries(designs)) {
    await put(`/${database}/_design/${name}`, {language: 'javascript', ...design});
  }
}
