// Checks of the page's script, run by script_test.go behind the parts that do not touch a page.

const assert = require('node:assert/strict');
const fs = require('node:fs');

const [build, hostile] = process.argv.slice(2).map(name => decode(JSON.parse(fs.readFileSync(name, 'utf8'))));

// Numbers and words.
assert.equal(duration(950), '950 µs');
assert.equal(duration(1500), '1.50 ms');
assert.equal(duration(83e6), '1 min 23 s');
assert.equal(duration(3723e6), '1 h 02 min');
assert.equal(moment(61.5e6, 1e5), '1:01.5');
assert.equal(bytes(1500), '1.5 kB');
assert.equal(bytes(-1), 'not known');
assert.equal(numbered(' #17 '), 17);
assert.equal(matcher('  '), null);
assert.ok(matcher('GCC hello')('/src/hello.c gcc'));
assert.ok(!matcher('gcc nope')('gcc'));
assert.deepEqual(splitPath('/usr/bin/gcc'), ['/usr/bin/', 'gcc']);
assert.deepEqual(splitPath('/usr/lib/'), ['/usr/', 'lib/']);
assert.deepEqual(splitPath('"/a/b c"'), ['"/a/', 'b c"']);

// The tree: all of it once, parents first; filtered, only what passes and its ancestors.
const everyone = new Set(Array.from({length: build.n}, (_, i) => i + 1));
const all = visible(build, everyone, null);
assert.equal(all.length, build.n);
const seen = new Set([0]);
for (const row of all) {
  assert.ok(seen.has(build.parent[row.id]));
  seen.add(row.id);
}
const compilers = visible(build, new Set(), id => nameOf(build, id) === 'cc1');
assert.equal(compilers.filter(r => r.hit).length, 40);
for (const row of compilers) assert.ok(row.hit || compilers.some(r => build.parent[r.id] === row.id));
assert.equal(blamed(build)[0], 1);
assert.equal(nameOf(build, blamed(build).at(-1)), 'cc1');
assert.ok(visible(build, opened(build, 60), null).length < 100);

// Uses: each belongs to its process and is found by its path again.
assert.equal(build.firstUse[build.n + 1], build.uses.length);
for (let id = 1; id <= build.n; id++) {
  for (let i = build.firstUse[id]; i < build.firstUse[id + 1]; i++) assert.equal(build.uses.proc[i], id);
}
for (let p = 0; p < build.paths.length; p++) {
  for (let k = build.firstOf[p]; k < build.firstOf[p + 1]; k++) {
    const i = build.users[k];
    assert.ok(build.uses.path[i] === p || build.uses.to[i] === p);
  }
}
const file = name => build.paths.indexOf(name);
assert.deepEqual(fate(build, file('/src/hello/conftest.o')), ['made', 'deleted']);
assert.equal(build.files.writes[file('/src/hello/conftest.o')], 30);
assert.equal(nameOf(build, build.files.writer[file('/src/hello/obj/part0003.o')]), 'as');
assert.deepEqual(fate(build, file('/usr/local/include/check3.h')), ['missing']);
assert.equal(build.places[file('/src/hello/conftest.o')], 'i');
assert.equal(build.places[file('/usr/local/include/check3.h')], 'o');
assert.equal(build.places[file('/tmp/cc1.s')], 't');

// The search: processes first, "#N" is one process.
const found = find(build, 'cc1 part0007');
assert.ok(found.length && found[0].process && nameOf(build, found[0].process) === 'cc1');
assert.deepEqual(find(build, '#12'), [{process: 12}]);
assert.deepEqual(find(build, '#999999'), []);
assert.ok(find(build, 'check3.h').some(h => h.file >= 0));

// The timeline: each process is found where it stands.
const lanes = arrange(build);
for (let id = 1; id <= build.n; id++) {
  const line = lanes.lines[lanes.line[id]];
  const at = nearest(build, line, build.born[id] + build.took[id] / 2, 0);
  assert.ok(at === id || build.took[id] < 2, `${id} is not where it stands, ${at} is`);
}
assert.equal(nearest(build, lanes.lines[0], -1e9, 5), 0);
const scale = ticks(0, 10e6, 0.9e6);
assert.deepEqual([scale.step, scale.list.length, scale.list[1]], [1e6, 11, 1e6]);
assert.equal(ticks(0, 3600e6, 31e6).step, 60e6);
assert.equal(peak(build), 4);
const average = running(build, 100).reduce((a, b) => a + b, 0) / 100;
assert.ok(average > 1 && average < 4.01, String(average));
const path = build.critical.reduce((sum, s) => sum + s.to - s.from, 0);
assert.ok(Math.abs(path - build.length) < 400, `${path} of ${build.length}`);

// Commands that can be pasted.
const gcc = find(build, 'gcc -I../include')[0].process;
assert.match(pasteable(build, gcc, 0), /^cd \/src\/hello && gcc -c -O2 /);

// Hostile names are names: no key of an object, no number.
assert.equal(hostile.n, hostile.head.Length && hostile.n);
assert.equal(find(hostile, '__proto__').filter(h => h.process).length, 1);
assert.equal({}.broken, undefined);
for (let id = 2; id <= hostile.n; id++) {
  const env = environment(hostile, id, 0);
  assert.equal(env.size >= 2, true);
  assert.ok(pasteable(hostile, id, 0).startsWith('cd '));
}
assert.equal(
  programTimes(
    hostile,
    hostile.own.map(() => 1)
  ).length,
  hostile.n
);

console.log('checked 2 recordings');
