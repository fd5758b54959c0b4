package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/dissector"
	"trama/codec/describe"
)

func (a *app) profileDissectorCommand() *cobra.Command {
	var ports []int
	c := &cobra.Command{
		Use: "dissector NAME", Short: "Print a Wireshark dissector of a profile", Args: noneEmpty(cobra.ExactArgs(1)),
		Long: "dissector prints a Lua script that makes Wireshark and tshark cut, verify and show frames as trama does.  NAME is a shipped profile or\n" +
			"the path of a definition.  Load it with -X lua_script:FILE, or put it into the folder of personal Lua plugins.",
		Example: "  trama profile dissector extended --port 12986 > extended.lua\n" +
			"  tshark -X lua_script:extended.lua -r capture.pcap -Y 'extended.MS > 20'",
		RunE: func(_ *cobra.Command, args []string) error {
			for _, port := range ports {
				if port < 1 || port > 65535 {
					return usageError{fmt.Errorf("--port: found %d, expected 1 to 65535", port)}
				}
			}
			p, err := findProfile(args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.stdout, dissector.Script(describe.Profile(p), dissector.Options{Ports: ports}))
			return err
		},
	}
	c.Flags().IntSliceVar(&ports, "port", nil, "TCP `port` of the server for which Wireshark uses it by itself; several with commas")
	return c
}
