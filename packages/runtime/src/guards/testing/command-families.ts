/** Commands that ask a shell for more than words. Of each twin a shell makes the words that are given with it. */

import type { RefusalCode } from "../refusal.ts";
import { character, type Family } from "./family.ts";

export interface CommandCase {
  readonly evil: string;
  readonly refused: RefusalCode;
  readonly twin: string;
  readonly argv: readonly string[];
}

const shell = (evil: string, twin: string, argv: readonly string[]): CommandCase => ({ evil, refused: "command-needs-shell", twin, argv });

const expansions: Family<CommandCase> = {
  name: "expansions",
  cases: [
    shell("echo $HOME", "echo '$HOME'", ["echo", "$HOME"]),
    shell('echo "$HOME"', 'echo "\\$HOME"', ["echo", "$HOME"]),
    shell(["echo ", "{HOME}"].join("$"), "echo \\$\\{HOME\\}", ["echo", ["", "{HOME}"].join("$")]),
    shell("echo $(id)", "echo '$(id)'", ["echo", "$(id)"]),
    shell("echo `id`", "echo \\`id\\`", ["echo", "`id`"]),
    shell('echo "`id`"', 'echo "\\`id\\`"', ["echo", "`id`"]),
    shell("echo $((1+1))", "echo 1+1", ["echo", "1+1"]),
    shell("ls ~", "ls '~'", ["ls", "~"]),
    shell("ls ~root/x", "git show HEAD~1", ["git", "show", "HEAD~1"]),
    shell("make PREFIX=~/x", "make PREFIX=x~", ["make", "PREFIX=x~"]),
    shell("cp x:~/y z", "cp x:'~'/y z", ["cp", "x:~/y", "z"]),
    shell("echo $'a'", "echo 'a'", ["echo", "a"]),
    shell("echo a$", "echo 'a$'", ["echo", "a$"]),
    shell("$0 x", "'$0' x", ["$0", "x"]),
  ],
};

const operators: Family<CommandCase> = {
  name: "operators and redirects",
  cases: [
    shell("ls; rm x", "ls ';' rm x", ["ls", ";", "rm", "x"]),
    shell("ls && rm x", 'ls "&&" rm x', ["ls", "&&", "rm", "x"]),
    shell("ls || rm x", "ls \\|\\| rm x", ["ls", "||", "rm", "x"]),
    shell("ls | sh", "ls '|' sh", ["ls", "|", "sh"]),
    shell("sleep 1 &", "sleep 1 '&'", ["sleep", "1", "&"]),
    shell("ls > /etc/x", "ls '>' /etc/x", ["ls", ">", "/etc/x"]),
    shell("ls 2>&1", "ls '2>&1'", ["ls", "2>&1"]),
    shell("sh < x", "sh '<' x", ["sh", "<", "x"]),
    shell("cat <<x", "cat '<<x'", ["cat", "<<x"]),
    shell("diff <(a) b", "diff '<(a)' b", ["diff", "<(a)", "b"]),
    shell("(ls)", "'(ls)'", ["(ls)"]),
    shell("ls;rm", "ls,rm", ["ls,rm"]),
    shell("a(){ b; }", "a-b-", ["a-b-"]),
    shell("ls\nrm x", "ls rm x\n", ["ls", "rm", "x"]),
    shell("ls\n;rm x", "ls 'a\nb'", ["ls", "a\nb"]),
  ],
};

const patterns: Family<CommandCase> = {
  name: "patterns and braces",
  cases: [
    shell("rm *", "rm '*'", ["rm", "*"]),
    shell("rm ?", "rm \\?", ["rm", "?"]),
    shell("rm [ab]", "rm ']ab'", ["rm", "]ab"]),
    shell("rm src/*.ts", 'rm "src/*.ts"', ["rm", "src/*.ts"]),
    shell("cp a.{ts,js} b", "cp 'a.{ts,js}' b", ["cp", "a.{ts,js}", "b"]),
    shell("find . -exec x {} +", "find . -exec x '{}' +", ["find", ".", "-exec", "x", "{}", "+"]),
    shell("ls @(a|b)", "ls @a-b", ["ls", "@a-b"]),
    shell("%1", "1%", ["1%"]),
    shell("[ -f x ]", "test -f x ]", ["test", "-f", "x", "]"]),
  ],
};

const grammar: Family<CommandCase> = {
  name: "what is grammar and no word",
  cases: [
    shell("ls # rm", "ls a#rm", ["ls", "a#rm"]),
    shell("#ls", "'#ls'", ["#ls"]),
    shell("A=1 ls", "env A=1 ls", ["env", "A=1", "ls"]),
    shell("LD_PRELOAD=x.so ls", "ls LD_PRELOAD=x.so", ["ls", "LD_PRELOAD=x.so"]),
    shell("A+=1", "1A=1", ["1A=1"]),
    shell("! ls", "'!' ls", ["!", "ls"]),
    shell("echo !!", 'echo "!!"', ["echo", "!!"]),
    shell("if true", "test if true", ["test", "if", "true"]),
    shell("while true", "'while' true", ["while", "true"]),
    shell("cd /", "ls cd /", ["ls", "cd", "/"]),
    shell("eval ls", "evaluate ls", ["evaluate", "ls"]),
    shell(". x", "./x", ["./x"]),
    shell("exec ls", "exec-ls", ["exec-ls"]),
    shell("ls \\\nrm", "ls \\ rm", ["ls", " rm"]),
    shell('ls "a\\\nb"', 'ls "a\nb"', ["ls", "a\nb"]),
  ],
};

const unfinished: Family<CommandCase> = {
  name: "quotes that are not closed, and what is no text",
  cases: [
    { evil: "ls 'a", refused: "command-unfinished", twin: "ls 'a'", argv: ["ls", "a"] },
    { evil: 'ls "a', refused: "command-unfinished", twin: 'ls "a"', argv: ["ls", "a"] },
    { evil: 'ls "a\\"', refused: "command-unfinished", twin: 'ls "a\\\\"', argv: ["ls", "a\\"] },
    { evil: "ls a\\", refused: "command-unfinished", twin: "ls a\\\\", argv: ["ls", "a\\"] },
    { evil: "ls 'it's'", refused: "command-unfinished", twin: "ls 'it'\\''s'", argv: ["ls", "it's"] },
    { evil: "", refused: "command-empty", twin: "ls", argv: ["ls"] },
    { evil: " \t\n", refused: "command-empty", twin: " \tls\n", argv: ["ls"] },
    { evil: "'' ls", refused: "command-empty", twin: "ls ''", argv: ["ls", ""] },
    { evil: `ls ${character(0)}`, refused: "command-character", twin: "ls 0", argv: ["ls", "0"] },
    { evil: `ls ${character(0x1b)}[A`, refused: "command-character", twin: "ls '[A'", argv: ["ls", "[A"] },
    {
      evil: `ls ${character(0x202e)}x`,
      refused: "command-character",
      twin: `ls ${character(0x200d)}x`,
      argv: ["ls", `${character(0x200d)}x`],
    },
    { evil: `ls ${character(0xdc00)}`, refused: "command-character", twin: `ls ${character(0xe9)}`, argv: ["ls", character(0xe9)] },
    { evil: "ls\r", refused: "command-character", twin: "ls ", argv: ["ls"] },
    { evil: `ls ${"x".repeat(65_534)}`, refused: "command-too-long", twin: `ls ${"x".repeat(65_533)}`, argv: ["ls", "x".repeat(65_533)] },
  ],
};

export const commandFamilies = [expansions, operators, patterns, grammar, unfinished];
