// An editor's server: keeps its flows in /data, and a log beside itself.
const fs = require('fs');
const http = require('http');
// npm starts the public image, and goes on where it cannot keep its log.
try { fs.mkdirSync('/usr/src/node-red/.npm/_logs', { recursive: true }); } catch (error) { console.error(error.message); }
const log = fs.createWriteStream('/usr/src/node-red/.npm/_logs/debug.log', { flags: 'a' });
log.on('error', error => console.error(error.message));

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
