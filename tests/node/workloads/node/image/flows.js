// An editor's server: keeps its flows in /data, and a log beside itself.
const fs = require('fs');
const http = require('http');
const log = fs.createWriteStream('/usr/src/node-red/access.log', { flags: 'a' });

http.createServer((request, reply) => {
  log.write(`${request.method} ${request.url}\n`);
  if (request.method === 'PUT') {
    const parts = [];
    request.on('data', part => parts.push(part));
    request.on('end', () => {
      fs.writeFileSync(process.env.FLOWS + '.new', Buffer.concat(parts));
      fs.renameSync(process.env.FLOWS + '.new', process.env.FLOWS);
      reply.end('kept\n');
    });
    return;
  }
  fs.readFile(process.env.FLOWS, (error, text) => {
    reply.statusCode = error ? 404 : 200;
    reply.end(error ? String(error) : text);
  });
}).listen(1880);
