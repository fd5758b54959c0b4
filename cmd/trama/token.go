package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"trama/cmd/trama/internal/access"
	"trama/cmd/trama/internal/admin"
	"trama/cmd/trama/internal/config"
)

func (a *app) tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "token", Short: "Give others access to the daemon: tokens with a name and a role",
		Long: "token adds, lists and revokes tokens for the admin endpoint.  A running daemon takes each change over at once; without one\n" +
			"it is made in tokens.toml next to the token file.\n\n" +
			"  read     look at everything, change nothing\n" +
			"  operate  read, and send commands, kick, suspend, resume, move cursors\n" +
			"  admin    everything",
	}
	c.AddCommand(a.tokenAddCommand(), a.tokenListCommand(), a.tokenRevokeCommand())
	return c
}

func (a *app) tokenAddCommand() *cobra.Command {
	var n admin.NewToken
	var role string
	c := &cobra.Command{
		Use: "add NAME", Short: "Make a token; it is printed once and kept nowhere", Args: noneEmpty(cobra.ExactArgs(1)),
		Example: "  (umask 077; trama token add night-shift --role read --expires 90d > night-shift.token)",
		RunE: func(c *cobra.Command, args []string) error {
			n.Name = args[0]
			if err := n.Role.UnmarshalText([]byte(role)); err != nil {
				return usageError{fmt.Errorf("--role: %w", err)}
			}
			expires, err := admin.Expiry(n.Expires, time.Now())
			if err != nil {
				return usageError{fmt.Errorf("--%w", err)}
			}
			var made admin.MadeToken
			err = a.changeTokens(func(daemon *client) error {
				return daemon.call(c.Context(), http.MethodPost, "/api/v1/tokens", n, &made)
			}, func(tokens *access.Tokens) (err error) {
				made.Token, err = tokens.Add(n.Name, n.Role, expires)
				return err
			})
			if err != nil {
				return err
			}
			answer, err := json.Marshal(made)
			if err != nil {
				return err
			}
			return a.done(c, answer, made.Token)
		},
	}
	c.Flags().StringVar(&role, "role", "", "`role`: read, operate or admin")
	c.Flags().StringVar(&n.Expires, "expires", "", "`time` for which it is valid, such as 90d (default: until it is revoked)")
	return a.orderFlags(c)
}

func (a *app) tokenListCommand() *cobra.Command {
	return look(a, "list", "List the tokens, without their texts", fixed("/api/v1/tokens"), cobra.NoArgs, func(rows []access.Token) {
		a.table("NAME\tROLE\tEXPIRES\tKEPT", len(rows), func(i int) []any {
			t := rows[i]
			expires := "never"
			if !t.Expires.IsZero() {
				if expires = a.moment(t.Expires); time.Now().After(t.Expires) {
					expires += ", expired"
				}
			}
			return []any{t.Name, t.Role, expires, t.Kept}
		})
	})
}

func (a *app) tokenRevokeCommand() *cobra.Command {
	return a.orderFlags(&cobra.Command{
		Use: "revoke NAME", Short: "End a token that was added", Args: noneEmpty(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			err := a.changeTokens(func(daemon *client) error {
				return daemon.call(c.Context(), http.MethodDelete, "/api/v1/tokens/"+url.PathEscape(args[0]), nil, nil)
			}, func(tokens *access.Tokens) error { return tokens.Revoke(args[0]) })
			if err != nil {
				return err
			}
			return a.done(c, nil, args[0]+" is revoked")
		},
	})
}

// changeTokens has the daemon make a change, or makes it in the file when none runs and none is named.
func (a *app) changeTokens(ask func(*client) error, alone func(*access.Tokens) error) error {
	daemon, err := a.client()
	if err == nil {
		err = ask(daemon)
	}
	if a.adminURL != "" || !a.configFound || !errors.As(err, new(noDaemon)) {
		return err
	}
	c, err := config.LoadAdmin(a.configFile)
	if err != nil {
		return configError(err)
	}
	tokens, err := access.OpenTokens(c.TokensFile(), fixedTokens("", c))
	if err == nil {
		err = alone(tokens)
	}
	if err == nil {
		a.complain("no daemon answers: changed in %s, for its next start", c.TokensFile())
	}
	return err
}
