'use strict';

// A local registry of packages with just the parts that package managers need to install.

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

/** A date long ago, because some package managers don't install new releases. */
const PUBLISHED = '2020-01-01T00:00:00.000Z';

/**
 * Serves packages until it is closed.
 *
 * @param {{ manifest: object, tarball: string }[]} packages each `package.json`, and the packed
 *   file
 * @returns {Promise<{ url: string, server: http.Server }>} the address ends in a slash
 */
function serveRegistry(packages) {
  const documents = new Map();
  const tarballs = new Map();
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent(request.url.split('?')[0]).slice(1);
    const answer = tarballs.get(name) ?? documents.get(name);
    if (answer === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}');
    } else if (Buffer.isBuffer(answer)) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(answer);
    } else {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    }
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const url = `http://127.0.0.1:${server.address().port}/`;
      for (const { manifest, tarball } of packages) {
        const content = fs.readFileSync(tarball);
        const file = `${manifest.name}/-/${path.basename(tarball)}`;
        tarballs.set(file, content);
        const document = documents.get(manifest.name) ?? {
          name: manifest.name,
          'dist-tags': {},
          versions: {},
          time: { created: PUBLISHED, modified: PUBLISHED },
        };
        document['dist-tags'].latest = manifest.version;
        document.time[manifest.version] = PUBLISHED;
        document.versions[manifest.version] = {
          ...manifest,
          dist: {
            tarball: url + file,
            shasum: createHash('sha1').update(content).digest('hex'),
            integrity: `sha512-${createHash('sha512').update(content).digest('base64')}`,
          },
        };
        documents.set(manifest.name, document);
      }
      resolve({ url, server });
    });
  });
}

module.exports = { serveRegistry };
