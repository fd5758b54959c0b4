package admin

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"trama/actors"
)

// tree answers GET /debug/actors: text for a terminal, JSON with ?format=json or when the client accepts only that.
//
//	under   path of the node to start from          depth   levels below it, 0 = all
//	limit   children per node, -1 = all (100)       offset  children of the start node to pass over
func (e *endpoint) tree(w http.ResponseWriter, r *http.Request) {
	q, format, err := treeQuery(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	node, err := e.Gateway.Tree(q)
	if err != nil {
		failWith(w, err)
		return
	}
	if format == "json" {
		answer(w, http.StatusOK, node)
		return
	}
	header(w)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_ = RenderTree(w, node, q, e.Clock()) // a client that has gone is nobody's problem
}

func treeQuery(r *http.Request) (q actors.TreeQuery, format string, err error) {
	values := r.URL.Query()
	q.Under = strings.Trim(values.Get("under"), "/")
	if q.Depth, err = countParameter(r, "depth", 0); err != nil {
		return q, "", err
	}
	if q.Offset, err = countParameter(r, "offset", 0); err != nil {
		return q, "", err
	}
	if text := values.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < -1 {
			return q, "", fmt.Errorf("limit=%s is not a whole number; -1 is all", text)
		}
	}
	format = values.Get("format")
	switch format {
	case "text", "json":
	case "":
		format = "text"
		if accept := r.Header.Get("Accept"); strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/") {
			format = "json"
		}
	default:
		return q, "", fmt.Errorf("format=%s is not one of text, json", format)
	}
	return q, format, nil
}
