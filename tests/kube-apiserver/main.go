// Command quorate-kube-apiserver runs a real Kubernetes API server for tests:
// etcd, kube-apiserver and the few controllers that fill EndpointSlices,
// Endpoints and ServiceAccounts, all in one process on loopback.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

const usage = `usage:
  quorate-kube-apiserver [serve] [flags] [-- kube-apiserver flags]
  quorate-kube-apiserver token --data-dir DIR --namespace NS --serviceaccount NAME [flags]
  quorate-kube-apiserver compact --data-dir DIR

"COMMAND -h" lists the flags of a command.
`

// errUsage marks a mistake on the command line that the flag package has
// already reported on stderr.
var errUsage = errors.New("usage")

func main() {
	command, args := "serve", os.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}

	var err error
	switch command {
	case "serve":
		err = serveCommand(args)
	case "token":
		err = tokenCommand(args)
	case "compact":
		err = compactCommand(args)
	case "help":
		fmt.Fprint(os.Stderr, usage)
	default:
		fmt.Fprintf(os.Stderr, "unknown command %q\n%s", command, usage)
		err = errUsage
	}

	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "quorate-kube-apiserver %s: %v\n", command, err)
		os.Exit(1)
	}
}

// parse reads args into flags. Only serve takes arguments that are no flags of
// its own, after "--".
func parse(flags *flag.FlagSet, args []string, allowRest bool) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if rest := flags.Args(); len(rest) > 0 && !allowRest {
		return usageError(flags, "unexpected argument %q", rest[0])
	}
	return nil
}

func usageError(flags *flag.FlagSet, format string, args ...any) error {
	fmt.Fprintf(flags.Output(), format+"\n", args...)
	flags.Usage()
	return errUsage
}
