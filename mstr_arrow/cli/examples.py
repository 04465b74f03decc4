"""The examples at the end of each command's help."""

EXIT_CODES = (
    "Exit codes: 0 done · 1 the server or the network failed, or a file could not be written · 2 wrong usage · "
    "3 the data are not what was promised or do not fit a type · 130 interrupted by Ctrl-C · "
    "141 whoever read the output has left · 143 ended by SIGTERM."
)
MORE_OPTIONS = "LDAP, proxies, certificates and time-outs: mstr-arrow whoami --help."
FIRST_STEPS = """\
[bold]Start here[/bold]

mstr-arrow demo

mstr-arrow login

mstr-arrow ls --help

mstr-arrow fetch --help

mstr-arrow sql --help

mstr-arrow push --help
"""
LOGIN_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow login --url https://bi.example.com/MicroStrategyLibrary --username ann --project Retail

mstr-arrow login --profile test --ca-file corp-ca.pem --login-mode ldap

mstr-arrow login --profile nightly --with-api-key
"""
LOGOUT_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow logout

mstr-arrow logout --profile nightly
"""
WHOAMI_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow whoami

mstr-arrow whoami --profile nightly --json

mstr-arrow whoami --proxy http://proxy.example.com:3128 --connect-timeout 5 --verbose

[bold]Settings[/bold]

Each option is a key of a profile, too, and a variable of the environment, as shown. Only there are \
password, api-key and identity-token, key-password of --key-file, and proxy-password of --proxy-username: \
MSTR_PASSWORD, MSTR_API_KEY, MSTR_IDENTITY_TOKEN, MSTR_KEY_PASSWORD, MSTR_PROXY_PASSWORD.
"""
LS_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow ls

mstr-arrow ls '*sales*' --type cube

mstr-arrow ls --json | jq -r '.\\[].id'
"""
DESCRIBE_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow describe "Sales Cube"

mstr-arrow describe "/Shared Reports/Sales/Daily" --type report --json
"""
FETCH_EXAMPLES = """\
[bold]Examples[/bold]

export MSTR_URL=https://bi.example.com/MicroStrategyLibrary MSTR_USERNAME=ann MSTR_PROJECT=Retail

mstr-arrow fetch "Sales Cube" -o sales.parquet

mstr-arrow fetch "Sales Cube" -o sales.parquet --column-type 'Revenue=decimal128(18, 2)' --column-type Day=string

mstr-arrow fetch "Sales Cube" -o sales/ --part-bytes 256MB --overwrite

mstr-arrow fetch "Sales Cube" -o sales/ --resume --deadline 3600

mstr-arrow fetch "Sales Cube" -o - --format csv | head

mstr-arrow fetch "Sales Cube" -o east.parquet --where "Region in ('East', 'West') and Units > 3"

mstr-arrow fetch "Sales Cube" -o first.csv --head 10 --columns Region,Revenue

mstr-arrow fetch "Sales Cube" -o best.csv --sort 'Revenue desc' --head 10

mstr-arrow fetch "Sales Cube" -o regions.csv --aggregate Region,Revenue --having 'Revenue > 1000'

mstr-arrow fetch "/Shared Reports/Sales/Daily" -o daily.arrow --subtotals keep --profile nightly --quiet

mstr-arrow fetch "Sales By Year" -o 2024.parquet --prompts answers.toml --prompt Year=2024

mstr-arrow fetch "Sales By Page" -o sales.parquet --all-pages

mstr-arrow fetch "Sales Cube" "Plain Report" -o out/

mstr-arrow fetch --include "*sales*" --type cube -o out/ --if-changed --json

[bold]Settings[/bold]

A flag beats the environment, and the environment beats the profile file: config.toml in your configuration \
folder for mstr-arrow (~/.config/mstr-arrow on Linux), or the file that MSTR_ARROW_CONFIG names. Its tables are \
profiles, their keys the long options; \\[default] is used when no other is named.

The password comes from --password-file or --password-stdin, MSTR_PASSWORD, or the profile, which may name where \
it is kept; else you are asked. mstr-arrow login keeps it in the keyring. A token comes from --api-key-file, \
MSTR_API_KEY, MSTR_IDENTITY_TOKEN or the profile.
"""
PAGES_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow pages "Sales By Page"

mstr-arrow pages "Sales By Page" --prompts answers.toml --json

mstr-arrow fetch "Sales By Page" -o east.parquet --page Region=East --page Year=2024

mstr-arrow fetch "Sales By Page" -o sales.parquet --all-pages
"""
PROMPTS_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow prompts "Sales By Year"

mstr-arrow prompts "Sales By Year" -o answers.toml

mstr-arrow prompts "Sales By Year" --ask -o answers.toml
"""
SQL_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow sql "select Region, sum(Revenue) from 'Sales Cube' where Units > 3 group by all order by 2 desc"

mstr-arrow sql "from 'Sales Cube' limit 10"

mstr-arrow sql "summarize 'Sales Cube'"

mstr-arrow sql "select s.*, Opened from 'Sales Cube' s join 'stores.csv' on \\"Store@ID\\" = Store" -o sales.parquet

mstr-arrow sql "select * from 'Sales Cube' where Region = 'East' and Day >= '2024-01-01'" --explain

[bold]Names[/bold]

A table is a file if there is one of its name, else a cube or report. Names that are no single words are quoted;
those of columns in double quotes only, such as "Store@ID". Upper and lower case are the same.
"""
BENCH_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow bench "Sales Cube"

mstr-arrow bench "Sales Cube" --concurrency 1,2,4,8,16,32 --page-rows 10k,50k --duration 30s -o before/

mstr-arrow bench "Sales Cube" --rate 5,10,20 --yes

mstr-arrow bench compare before/ after/

mstr-arrow bench show before/
"""
CACHES_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow caches ls

mstr-arrow caches ls "Sales Cube" --json

mstr-arrow caches unload "Sales Cube" --node node-2
"""
REFRESH_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow refresh "Sales Cube"

mstr-arrow refresh "Sales Cube" --timeout 900 --json

mstr-arrow fetch "Sales Cube" -o sales.parquet --refresh
"""
RUN_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow run jobs.toml

mstr-arrow run jobs.toml --dry-run

mstr-arrow run jobs.toml --only sales --day 2024-03-01

mstr-arrow run --schema > jobs.schema.json

[bold]A file of jobs[/bold]

\\[servers.bi]

url = "https://bi.example.com/MicroStrategyLibrary"

username = "ann"

password = {env = "MSTR_PASSWORD"}

\\[jobs.sales]

object = "Sales Cube"

destination = "lake/sales/"

Exit codes of run, beside those below: 4 some jobs failed, others are done · 75 another run has not ended.
"""
PUSH_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow push sales.parquet --name "Store Analysis" --attribute store_id

mstr-arrow push today.csv --table sales --name "Store Analysis" --mode upsert --column-type Zip=string

mstr-arrow push Stores=stores.csv Sales=sales/ --name "Store Analysis" --form Store@ID=store --form Store@DESC=city

mstr-arrow push --query "select * from 'sales/*.parquet' where year = 2024" --name "Sales 2024" --verify

id=$(mstr-arrow push sales.parquet --name "Store Analysis" --folder "/Shared Reports/Sales" --quiet)

[bold]Rows and keys[/bold]

The values of all attributes of a table tell its rows apart; there is no other key.

Modes update and upsert change metrics only; no mode but replace takes a row away.
"""
SUBSCRIPTIONS_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow subscriptions ls '*sales*' --owner ann

mstr-arrow subscriptions create "Daily Sales" --content "Sales By Day" --as EXCEL --schedule "Every Morning" \
--to "Ann Lee" --cc "Sales Team" --subject "Sales of yesterday"

mstr-arrow subscriptions send "Daily Sales" --timeout 600

mstr-arrow subscriptions show "Daily Sales" --json | jq -r .status.outcome
"""
RUNS_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow runs

mstr-arrow runs jobs.toml --job sales --last 30

mstr-arrow runs --json | jq '.\\[0].jobs[].rows'
"""
USERS_EXAMPLES = """\
[bold]Examples[/bold]

mstr-arrow users 'ann*' --addresses
"""
END = f"{MORE_OPTIONS}\n\n{EXIT_CODES}"
