// Adds up the counts of all partitions and writes them, as `sort | uniq -c` would, to the durable volume.
const fs = require('fs');
const crypto = require('crypto');

function addFile(path, totals) {
  for (const line of fs.readFileSync(path, 'latin1').split('\n')) {
    const tab = line.indexOf('\t');
    if (tab < 0) continue;
    const word = line.slice(0, tab);
    totals.set(word, (totals.get(word) || 0) + Number(line.slice(tab + 1)));
  }
}

function main(args) {
  const totals = new Map();
  for (let part = 0; part < args.parts; part++) {
    addFile(`/mnt/shuffle/${args.run}/part-${part}.counts`, totals);
  }
  const words = [...totals.keys()].sort();
  const text = words.map((word) => `${String(totals.get(word)).padStart(7)} ${word}\n`).join('');
  const path = `/mnt/result/word-count-${args.run}.txt`;
  fs.writeFileSync(path, text);
  const top = words.sort((a, b) => totals.get(b) - totals.get(a)).slice(0, 5);
  console.log(`${totals.size} distinct words to ${path}`);
  return {
    distinct: totals.size,
    sha256: crypto.createHash('sha256').update(text).digest('hex'),
    top: top.map((word) => [word, totals.get(word)]),
  };
}
