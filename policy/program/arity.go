package program

// The tables hold what is sure. An option that they lack may or may not take the next word, and a rule that denies
// then takes both readings; a wrong entry would let a command slip through.

// long makes a table of long options: those that take the next word as their value, and those that do not.
func long(values, flags string) *wordSet { return &wordSet{valued: values, text: flags, options: true} }

// xargsOptions are BusyBox's.
var xargsOptions = &options{flags: "rt0xopei", values: "nsEIPaLd"}

var dockerGlobals = &options{flags: "D", values: "Hlc",
	long: long(`--config --context --host --log-level --tlscacert --tlscert --tlskey --root --runroot --url
		--connection`,
		"--debug --tls --tlsverify --remote"),
	stops: words("-v --version --help -h")}

var aptGlobals = &options{flags: "dsqyfmbVu", values: "octa",
	long: long(`--option --config-file --target-release --default-release --host-architecture`,
		`--yes --assume-yes --assume-no --quiet --simulate --dry-run --download-only --fix-broken --fix-missing
			--show-upgraded --verbose-versions --purge --reinstall --no-install-recommends --install-recommends
			--allow-downgrades --allow-unauthenticated --no-remove --only-upgrade --no-upgrade --auto-remove
			--autoremove --compile`),
	stops: words("-h --help -v --version")}

// npmGlobals: a boolean option of npm takes the next word if that is true or false, so none is listed.
var npmGlobals = &options{values: "wC",
	long: long(`--prefix --workspace --registry --cache --userconfig --globalconfig
	--loglevel --tag --omit --include --otp --scope --script-shell --location`, ""),
	stops: words("-v --version -h --help"),
	same:  map[string]string{"--prefix": "-C", "--workspace": "-w"}}

// makeOptions: -j, -l and -O may take a value, and only some, from the next word; so they are left unknown.
var makeOptions = &options{flags: "BbdeikLmnpqrRsStvw", values: "CfIoWE",
	long: long(`--directory --file --makefile --include-dir --old-file --assume-old --what-if --new-file --assume-new
		--eval`,
		`--always-make --environment-overrides --ignore-errors --keep-going --check-symlink-times --just-print --dry-run
		--recon --print-data-base --question --no-builtin-rules --no-builtin-variables --silent --quiet --touch --trace
		--print-directory --no-print-directory --warn-undefined-variables`),
	stops: words("--version --help -h"), anywhere: true, assigns: true}

var goBuildOptions = &options{single: true,
	long: long(`-C -p -asmflags -buildmode -compiler -covermode -coverpkg -exec -gccgoflags -gcflags
	-installsuffix -ldflags -mod -modfile -o -overlay -pgo -pkgdir -tags -toolexec -run -bench -count -timeout -cpu
	-parallel`,
		`-a -n -race -msan -asan -cover -v -work -x -linkshared -modcacherw -trimpath -c -i -json -short -failfast -u -t
		-d`)}

var rmOptions = &options{flags: "dfiIrRv", long: long("", `--force --recursive --dir --verbose --one-file-system
	--preserve-root --no-preserve-root`), stops: words("--help --version"),
	same: map[string]string{"--recursive": "-r", "-R": "-r", "--force": "-f", "--dir": "-d", "--verbose": "-v"}}

// ownerOptions are those of chmod, chown and chgrp.
var ownerOptions = &options{flags: "cfvRhHLP", long: long("--reference --from", `--changes --silent --quiet
	--verbose --recursive --no-dereference --dereference --no-preserve-root --preserve-root`),
	same: map[string]string{"--recursive": "-R", "--verbose": "-v", "--silent": "-f", "--quiet": "-f"}}

// tables say how programs read their options: by name, and with a subcommand by name and subcommand.
var tables = map[string]*options{
	"git": {flags: "pP", values: "Cc",
		long: long(`-C -c --git-dir --work-tree --namespace --super-prefix --config-env --attr-source`,
			`-p -P --paginate --no-pager --bare --no-replace-objects --literal-pathspecs --glob-pathspecs
				--noglob-pathspecs --icase-pathspecs --no-optional-locks --no-lazy-fetch --no-advice
				--no-literal-pathspecs --no-icase-pathspecs`),
		stops: words(`--help -h --version -v --html-path --man-path --info-path --exec-path`)},
	"git push": {flags: "vqnfud46", values: "o",
		long: long("--repo --push-option --receive-pack --exec", `--force --delete --tags --mirror --all --branches
			--prune --dry-run --verbose --quiet --set-upstream --follow-tags --atomic --no-verify --thin --no-thin
			--porcelain --force-with-lease --force-if-includes --signed --no-signed --progress --ipv4 --ipv6`),
		same: map[string]string{"--force": "-f", "--delete": "-d", "--set-upstream": "-u", "--verbose": "-v",
			"--quiet": "-q", "--dry-run": "-n"}},
	"git clean": {flags: "dfinqxX", values: "e", long: long("--exclude", "--force --interactive --dry-run --quiet"),
		same: map[string]string{"--force": "-f", "--dry-run": "-n", "--quiet": "-q", "--interactive": "-i"}},
	"git branch": {flags: "dDfmMcCrailvqt", values: "u", long: long("--set-upstream-to", `--delete --force --move
		--copy --all --remotes --list --verbose --quiet`),
		same: map[string]string{"--delete": "-d", "--force": "-f", "--move": "-m", "--all": "-a", "--remotes": "-r"}},
	"git remote":    {flags: "v", long: long("", "--verbose")},
	"git stash":     {flags: "q", long: long("", "--quiet")},
	"git submodule": {flags: "q", long: long("", "--quiet --cached")},
	"git worktree":  {},

	"docker": dockerGlobals, "podman": dockerGlobals, "nerdctl": dockerGlobals,
	"docker compose": {values: "fp", long: long(`--file --project-name --project-directory --profile --env-file
		--ansi --parallel --progress`,
		"--all-resources --compatibility --dry-run")},

	"npm":  npmGlobals,
	"pnpm": {values: "C", long: long("--dir --filter", ""), stops: words("-v --version -h --help")},
	"yarn": {long: long("--cwd", ""), stops: words("-v --version -h --help")},

	"pip": {flags: "vq", values: "",
		long: long(`--python --log --proxy --retries --timeout --exists-action --trusted-host --cert --client-cert
			--cache-dir --use-feature --use-deprecated --keyring-provider`,
			`-v -q --debug --isolated --require-virtualenv --verbose --quiet --no-input --no-cache-dir
				--disable-pip-version-check --no-color --no-python-version-warning`),
		stops: words("-h --help -V --version")},
	"uv": {flags: "qvn", long: long(`--cache-dir --color --directory --project --config-file --allow-insecure-host
		--python-preference`,
		`--quiet --verbose --no-cache --native-tls --offline --no-progress --no-config --no-python-downloads`),
		stops: words("-h --help -V --version")},
	"cargo": {plus: true, flags: "vq", values: "CZ", long: long("--config --color",
		"--verbose --quiet --locked --offline --frozen"),
		stops: words("-h --help -V --version --list --explain")},
	"rustup":   {flags: "vq", long: long("", "--verbose --quiet"), stops: words("-h --help -V --version")},
	"go":       {single: true, long: long("-C", ""), stops: words("-h -help -version")},
	"go build": goBuildOptions, "go run": goBuildOptions, "go test": goBuildOptions, "go install": goBuildOptions,
	"go get": goBuildOptions, "go vet": goBuildOptions,
	"go mod": {single: true}, "go env": {single: true, long: long("", "-w -u -json -changed")},

	"kubectl": {values: "nsv",
		long: long(`--as --as-group --as-uid --cache-dir --certificate-authority --client-certificate --client-key
			--cluster --context --kubeconfig --namespace --password --profile --profile-output --request-timeout
			--server --tls-server-name --token --user --username --v --vmodule --kuberc
			--log-flush-frequency`,
			`--insecure-skip-tls-verify --match-server-version --disable-compression --warnings-as-errors`),
		stops: words("-h --help --version")},
	"helm": {values: "n", long: long(`--namespace --kube-context --kubeconfig --registry-config --repository-cache
		--repository-config --kube-apiserver --kube-as-user --kube-token --burst-limit --qps`,
		"--debug"), stops: words("-h --help")},
	"terraform": {single: true, long: long("", ""), stops: words("-help -version")},

	"systemctl": {flags: "alqfTri", values: "tpPHMnosC",
		long: long(`--type --state --property --host --machine --lines --output --signal --root --image --kill-whom
			--kill-who --kill-value --job-mode --what --preset-mode --message --timestamp --check-inhibitors
			--image-policy --when --drop-in`,
			`--user --system --global --now --no-block --wait --no-wall --no-reload --no-pager --no-legend
				--no-ask-password --all --full --recursive --reverse --after --before --force --quiet --runtime
				--failed --plain --show-types --dry-run --read-only --mkdir --marked --firmware-setup
				--with-dependencies`),
		stops: words("-h --help --version"), same: map[string]string{"--force": "-f", "--quiet": "-q",
			"--all": "-a"}},
	"service": {stops: words("-h --help --version --status-all")},
	"apt":     aptGlobals, "apt-get": aptGlobals, "apt-cache": aptGlobals,
	"dnf": {flags: "yqvCb", values: "cdexR", long: long(`--config --repo --repoid --enablerepo --disablerepo
		--exclude --installroot --releasever --setopt --forcearch`,
		`--assumeyes --assumeno --quiet --verbose --best --nogpgcheck --cacheonly --refresh`),
		stops: words("-h --help --version")},
	"apk": {flags: "qvfUi", values: "pX", long: long(`--root --repository --arch --keys-dir --repositories-file
		--wait --cache-dir --cache-max-age`,
		`--quiet --verbose --force --update-cache --no-cache --allow-untrusted --no-progress --purge
		--interactive`),
		stops: words("-h --help -V --version")},
	"ip": {single: true, long: long("-n -netns -f -family -l -loops -b -batch -rc -rcvbuf",
		`-4 -6 -0 -s -stats -statistics -d -details -o -oneline -h -human -j -json -p -pretty -c -color -br -brief
			-all -r -resolve -t`),
		stops: words("-V -Version -help")},

	"make": makeOptions, "gmake": makeOptions,
	"ninja": {flags: "vn", values: "Cfjklwdt", long: long("", "--verbose --quiet"),
		stops: words("--version -h --help"), anywhere: true},
	"env": {flags: "i0v", values: "uCSa", long: long("--unset --chdir --split-string --argv0",
		`--ignore-environment --null --debug --block-signal --default-signal --ignore-signal
			--list-signal-handling`),
		stops: words("--help --version"), assigns: false},

	"rm": rmOptions, "chmod": ownerOptions, "chown": ownerOptions, "chgrp": ownerOptions,
	"cp": {flags: "abdfHilLnPpRrsTuvxZ", values: "St",
		long: long("--suffix --target-directory", `--archive --force --recursive --interactive --link --dereference
			--no-clobber --no-dereference --symbolic-link --update --verbose --one-file-system --preserve
			--no-target-directory`),
		same: map[string]string{"--recursive": "-r", "-R": "-r", "--archive": "-a", "--force": "-f", "--link": "-l",
			"--symbolic-link": "-s", "--target-directory": "-t"}},
	"mv": {flags: "bfinTuvZ", values: "St", long: long("--suffix --target-directory", `--force --interactive
		--no-clobber --update --verbose --no-target-directory`),
		same: map[string]string{"--force": "-f", "--no-clobber": "-n", "--target-directory": "-t"}},
	"ln": {flags: "bdFfiLnPrsTv", values: "St", long: long("--suffix --target-directory", `--force --symbolic
		--relative --verbose --no-dereference --physical --logical --directory --interactive`),
		same: map[string]string{"--force": "-f", "--symbolic": "-s"}},
	"find": {single: true, long: long(`-name -iname -path -ipath -type -newer -exec -execdir -ok -okdir -fprint
		-fprintf -fls -printf -perm -user -group -uid -gid -size -mtime -atime -ctime -mmin -amin -cmin -maxdepth
		-mindepth -regex -iregex -inum -links -lname -samefile -fstype -newermt -D`,
		`-delete -print -print0 -ls -prune -quit -depth -d -follow -mount -xdev -empty -true -false -executable
		-readable -writable -H -L -P -not -a -o -and -or`), anywhere: true},
}

// tableNames are other names of programs in tables.
var tableNames = map[string]string{"yum": "dnf", "microdnf": "dnf", "oc": "kubectl", "tofu": "terraform"}
