package tomlread

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	pairOfLine = regexp.MustCompile(`^([A-Za-z0-9_.-]+)\s*([=:]?)\s*(.*?)\s*(?:#.*)?$`)
	bareWord   = regexp.MustCompile(`^[^\s"'\[\]{},]+$`)
)

// longestShown bounds what is shown of a line, in bytes.
const longestShown = 100

// slip says what is wrong with a line that is not TOML, in the words of who writes it: the parser names the character at
// which it gave up.  Of a slip that is not known found is what the parser says, and nothing is expected.
func slip(src string, line int, message string) (at int, found, expected string) {
	lines := strings.Split(src, "\n")
	line = min(max(line, 1), len(lines))
	if strings.Contains(message, "end of table array") || strings.Contains(message, "end table name") {
		for line > 1 && !strings.HasPrefix(strings.TrimSpace(lines[line-1]), "[") {
			line-- // it gave up behind the end of the line
		}
	}
	found, expected = slipOf(strings.TrimSpace(lines[line-1]), message)
	if len(found) > longestShown {
		found, expected = message, ""
	}
	return line, found, expected
}

func slipOf(text, message string) (found, expected string) {
	pair := pairOfLine.FindStringSubmatch(text)
	switch {
	case strings.Contains(message, "already been defined") && strings.HasPrefix(text, "["):
		return text + " a second time", fmt.Sprintf("it once, or [[%s]] in double brackets for each of several", strings.Trim(text, "[] "))
	case strings.Contains(message, "cannot be used as an array"):
		name := strings.Trim(strings.SplitN(text, "]", 2)[0], "[ ")
		return fmt.Sprintf("[[%s]] behind [%[1]s]", name), "double brackets each time"
	case strings.Contains(message, "already been defined") && pair != nil:
		return pair[1] + " a second time", "it once"
	case strings.Contains(message, "escape"):
		return `a \ in a text`, `\\, or a text in single quotes`
	case strings.HasPrefix(text, "[") && strings.Count(text, "[") != strings.Count(text, "]"):
		return text, "as many closing brackets as opening ones"
	case pair == nil:
		return message, ""
	}
	key, sign, value := pair[1], pair[2], pair[3]
	switch first := strings.TrimLeft(value, "'\"["); {
	case sign != "=":
		return text, "KEY = VALUE"
	case value == "":
		return "nothing behind " + key + " =", "a value"
	case strings.EqualFold(value, "true"), strings.EqualFold(value, "false"):
		return value, strings.ToLower(value)
	case bareWord.MatchString(value):
		return fmt.Sprintf("%s = %s", key, value), fmt.Sprintf("a text in quotes: %s = %q", key, value)
	case first != value && value[0] != '[' && strings.Count(value, value[:1])%2 == 1:
		return value + " without its closing quote", "the whole text in one line between quotes"
	case value[0] == '[':
		return "a list that is not well formed", "commas between its elements, and ] at its end"
	}
	return message, ""
}
