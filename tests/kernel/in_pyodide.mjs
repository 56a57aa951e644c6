/* Runs a Python program in Pyodide: node in_pyodide.mjs PYODIDE PROGRAM FOLDER…, whose modules it finds. */
import { readFileSync } from "node:fs";

const [pyodide, program, ...folders] = process.argv.slice(2);
const { loadPyodide } = await import(`${pyodide}/pyodide.mjs`);
const python = await loadPyodide();
const places = folders.map((root, number) => {
  python.FS.mkdirTree(`/mounted/${number}`);
  python.FS.mount(python.FS.filesystems.NODEFS, { root }, `/mounted/${number}`);
  return `/mounted/${number}`;
});
python.runPython("import sys; sys.path += " + JSON.stringify(places));
await python.runPythonAsync(readFileSync(program, "utf8"));
